{% macro city_rule_s(metres, speed_kmh) -%}
{#- The city's own rule, in seconds: the remaining distance over the speed, or over 30 km/h where the bus is slower. -#}
(3.6 * {{ metres }} / greatest(coalesce({{ speed_kmh }}, 0), 30))
{%- endmacro %}
