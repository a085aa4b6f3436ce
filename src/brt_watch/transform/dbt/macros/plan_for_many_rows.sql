{% macro plan_for_many_rows() -%}
{#- For Postgres, while a model is built: memory for its sorts, which by default (4 MB) would each go to the disk; and the
    price of a page of today's disks, so that the rows of an increment are found by the index and not by reading all. -#}
{%- if target.type == 'postgres' -%}
set local work_mem = '128MB';
set local random_page_cost = 1.1
{%- endif -%}
{%- endmacro %}
