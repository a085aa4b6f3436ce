{% macro local_time(moment) -%}
{#- The date and time that clocks in the city show at a moment, without a zone. -#}
({{ moment }} at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}

{% macro in_rio(moment) -%}
{#- The older name of local_time. -#}
{{ local_time(moment) }}
{%- endmacro %}
