{% macro local_time(moment) -%}
{#- The date and time that clocks in the city show at a moment, without a zone. -#}
({{ moment }} at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}
