{% macro in_rio(moment) -%}
{#- The date and time that clocks in Rio show at a moment, without a zone. -#}
({{ moment }} at time zone 'America/Sao_Paulo')
{%- endmacro %}
