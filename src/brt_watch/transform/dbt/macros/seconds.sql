{% macro seconds(number) -%}
{#- An interval of a number of seconds. -#}
interval '{{ number }} seconds'
{%- endmacro %}
