{% macro plan_for_many_rows() -%}
{#- On Postgres, while a model is built: memory for its sorts, which would spill to disk at the default of 4 MB, and the
    random page cost of an SSD, so that an increment finds its rows by the index instead of reading everything. -#}
{%- if target.type == 'postgres' -%}
set local work_mem = '128MB';
set local random_page_cost = 1.1
{%- endif -%}
{%- endmacro %}

{% macro plan_with_hash_joins() -%}
{#- The same, for steps whose rows Postgres cannot count (it expects one of a join on six columns): all rows would be
    compared with all others. A lateral lookup (join_one_by_one) still goes row by row. -#}
{{ plan_for_many_rows() }}
{%- if target.type == 'postgres' -%}
; set local enable_nestloop = off; set local enable_mergejoin = off
{%- endif -%}
{%- endmacro %}

{% macro plan_with_hashes() -%}
{#- The same, for a step that Postgres would sort by the key of each signal to count a few places for each: it expects a
    hundredth of the rows of a join on grid squares. Windows still sort. -#}
{{ plan_for_many_rows() }}
{%- if target.type == 'postgres' -%}
; set local enable_sort = off
{%- endif -%}
{%- endmacro %}
