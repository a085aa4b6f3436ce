{% macro whole(number) -%}
{#- The nearest whole number, halves rounded up: the engines differ in how they round the half of a double. -#}
cast(floor(({{ number }}) + 0.5) as integer)
{%- endmacro %}
