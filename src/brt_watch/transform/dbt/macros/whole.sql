{% macro whole(number) -%}
{#- The nearest whole number. -#}
cast(round({{ number }}) as integer)
{%- endmacro %}
