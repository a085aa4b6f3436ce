{% macro newer_loads(relation) -%}
{#- Whether a row is of a load that a table does not have yet. -#}
{{ newer('load_id', relation) }}
{%- endmacro %}

{% macro newer_rows(relation) -%}
{#- Whether a row was written, or written again, by a run of the models that a table has not seen yet: what stands on a
    mart follows this and not the load of the signal, since a late neighbour changes rows of old loads too. -#}
{{ newer('derived_by', relation) }}
{%- endmacro %}

{% macro newer(number, relation) -%}
{#- The upper bound excludes nothing, but with it Postgres, which does not know the lower one when it plans, expects one
    row in two hundred instead of every third, and uses the index instead of reading all of the history. -#}
{{ number }} between (select coalesce(max({{ number }}), 0) + 1 from {{ relation }}) and 9223372036854775807
{%- endmacro %}

{% macro derived_by() -%}
{#- The number of the run that is writing: the newest row of brt_transform, which exists before the models are built. Read
    by SQL, because another variable or environment would make dbt parse the whole project again. -#}
(select coalesce(max(transform_id), 0) from {{ source('brt', 'brt_transform') }})
{%- endmacro %}

{% macro join_one_by_one() -%}
{#- At the end of a lateral subquery: for each row on the left its rows are looked up, however many Postgres expects. An
    `offset` keeps it from making one join of the two and reading the whole table for it. -#}
{%- if target.type == 'postgres' %}offset 0{% endif %}
{%- endmacro %}

{% macro materialized() -%}
{#- Before the brackets of a CTE: it is made once. Where Postgres expects one row of a join, it would make what stands on
    the other side again for each. -#}
{%- if target.type in ('postgres', 'duckdb') %}materialized{% endif %}
{%- endmacro %}

{% macro join_first() -%}
{#- At the end of a CTE: its join is made as it stands, before what reads it. Postgres expects few rows of a join on two
    columns, and would begin with a larger one. -#}
{%- if target.type == 'postgres' %}offset 0{% endif %}
{%- endmacro %}
