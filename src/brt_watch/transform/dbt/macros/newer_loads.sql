{% macro newer_loads(relation) -%}
{#- Whether a row belongs to a load that a table does not have yet. -#}
{{ newer('load_id', relation) }}
{%- endmacro %}

{% macro newer_rows(relation) -%}
{#- Whether a row was written, or rewritten, by a transform run that a table has not seen yet. Models built on a mart
    follow this and not the load of the signal, since a late neighbour also changes rows of old loads. -#}
{{ newer('derived_by', relation) }}
{%- endmacro %}

{% macro newer(number, relation) -%}
{#- The upper bound excludes nothing. Postgres does not know the lower bound when it plans; with both it expects one
    row in two hundred instead of one in three, and uses the index instead of reading the whole history. -#}
{{ number }} between (select coalesce(max({{ number }}), 0) + 1 from {{ relation }}) and 9223372036854775807
{%- endmacro %}

{% macro derived_by() -%}
{#- The number of the current run: the newest row of brt_transform, inserted before the models are built. Read
    by SQL, because a changed variable or environment would make dbt parse the whole project again. -#}
(select coalesce(max(transform_id), 0) from {{ source('brt', 'brt_transform') }})
{%- endmacro %}

{% macro join_one_by_one() -%}
{#- At the end of a lateral subquery: its rows are looked up for each row on the left, however many Postgres expects. An
    `offset` keeps it from flattening the two into one join that reads the whole table. -#}
{%- if target.type == 'postgres' %}offset 0{% endif %}
{%- endmacro %}

{% macro materialized() -%}
{#- Before the parentheses of a CTE: it is computed once. Where Postgres expects one row of a join, it would compute the
    other side again for each. -#}
{%- if target.type in ('postgres', 'duckdb') %}materialized{% endif %}
{%- endmacro %}

{% macro join_first() -%}
{#- At the end of a CTE: its join runs as written, before the query that reads it. Postgres expects few rows of a join on
    two columns, and would start with a larger one. -#}
{%- if target.type == 'postgres' %}offset 0{% endif %}
{%- endmacro %}
