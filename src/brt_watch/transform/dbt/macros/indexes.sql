{% macro indexes(wanted) -%}
{#- What Postgres finds rows by; an engine that reads by columns needs none. -#}
{{ return(wanted if target.type == 'postgres' else []) }}
{%- endmacro %}
