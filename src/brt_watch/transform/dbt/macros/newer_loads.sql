{% macro newer_loads(relation) -%}
{#- Whether a row is of a load that a table does not have yet. The upper bound says nothing; but with one Postgres, which
    does not know the lower one when it plans, expects one row of two hundred and not every third, and looks into the
    index instead of reading all of the history. -#}
load_id between (select coalesce(max(load_id), 0) + 1 from {{ relation }}) and 9223372036854775807
{%- endmacro %}

{% macro join_one_by_one() -%}
{#- At the end of a lateral subquery: for each row on the left its rows are looked up, however many Postgres expects. An
    `offset` keeps it from making one join of the two and reading the whole table for it. -#}
{%- if target.type == 'postgres' %}offset 0{% endif %}
{%- endmacro %}
