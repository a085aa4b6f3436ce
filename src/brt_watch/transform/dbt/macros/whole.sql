{% macro whole(number) -%}
{#- The nearest whole number; halves go up. The engines round a half of a double in their own ways. -#}
cast(floor(({{ number }}) + 0.5) as integer)
{%- endmacro %}
