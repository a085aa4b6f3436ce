{% macro roomy_sorts() -%}
{#- Memory for the sorts of this model, in a Postgres whose default (4 MB) would put each of them on the disk. -#}
set local work_mem = '128MB'
{%- endmacro %}
