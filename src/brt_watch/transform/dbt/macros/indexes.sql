{% macro indexes(wanted) -%}
{#- Indexes for Postgres; a columnar engine needs none. -#}
{{ return(wanted if target.type == 'postgres' else []) }}
{%- endmacro %}
