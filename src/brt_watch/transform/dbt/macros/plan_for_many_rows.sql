{% macro plan_for_many_rows() -%}
{#- On Postgres, while a model is built: memory for its sorts, which would spill to disk at the default of 4 MB, and the
    random page cost of an SSD, so that an increment finds its rows by the index instead of reading everything. -#}
{%- if target.type == 'postgres' -%}
set local work_mem = '128MB';
set local random_page_cost = 1.1
{%- endif -%}
{%- endmacro %}
