{% macro seconds(number) -%}
{#- A span of so many seconds. -#}
interval '{{ number }} seconds'
{%- endmacro %}
