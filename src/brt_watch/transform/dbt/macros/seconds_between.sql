{% macro seconds_between(earlier, later) -%}
{#- Seconds from one moment to another, negative when `later` is the earlier one. -#}
cast(extract(epoch from ({{ later }} - {{ earlier }})) as double precision)
{%- endmacro %}
