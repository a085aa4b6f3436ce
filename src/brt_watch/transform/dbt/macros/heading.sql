{% macro heading(degrees, speed) -%}
{#- The heading that a device reports, 0 to 359 degrees; null for 360 and more, and where a standing device says 0. -#}
case when {{ degrees }} between 0 and 359 and ({{ degrees }} > 0 or {{ speed }} > 0) then {{ degrees }} end
{%- endmacro %}
