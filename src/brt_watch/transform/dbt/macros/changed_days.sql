{% macro changed_days_only() -%}
{#- Whether a run makes only the days of vehicles that have changed, and not all of them. The first run makes all: looked
    up one by one, they take ten times as long. -#}
{%- if not execute or flags.FULL_REFRESH -%}{{ return(false) }}{%- endif -%}
{%- set table = adapter.get_relation(database=this.database, schema=this.schema, identifier='viagens') -%}
{{ return(table is not none) }}
{%- endmacro %}

{% macro changed_since_the_last_run() -%}
{#- Whether a row was written since the last run of the models that succeeded as a whole; the upper bound as in `newer`. -#}
derived_by between (
    select coalesce(max(transform_id), 0) + 1
    from {{ source('brt', 'brt_transform') }}
    where transformed_at is not null
) and 9223372036854775807
{%- endmacro %}
