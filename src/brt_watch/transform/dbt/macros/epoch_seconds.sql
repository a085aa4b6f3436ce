{% macro epoch_seconds(moment) -%}
{#- Whole seconds since 1970 (UTC). -#}
cast(floor(extract(epoch from {{ moment }})) as bigint)
{%- endmacro %}
