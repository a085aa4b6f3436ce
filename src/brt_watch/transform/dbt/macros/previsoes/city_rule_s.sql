{% macro city_rule_s(metres, speed_kmh) -%}
{#- The seconds that the city's own applications say: the way that is left by the speed, which is taken for 30 km/h at least. -#}
(3.6 * {{ metres }} / greatest(coalesce({{ speed_kmh }}, 0), 30))
{%- endmacro %}
