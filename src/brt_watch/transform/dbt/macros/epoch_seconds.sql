{% macro epoch_seconds(moment) -%}
{#- Whole epoch seconds. -#}
cast(floor(extract(epoch from {{ moment }})) as bigint)
{%- endmacro %}
