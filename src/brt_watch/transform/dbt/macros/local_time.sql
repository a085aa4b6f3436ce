{% macro local_time(moment) -%}
{#- The local date and time in the city, without a zone. -#}
({{ moment }} at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}
