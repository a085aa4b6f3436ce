{% macro changed_days_only() -%}
{#- Whether a run rebuilds only the days of vehicles that have changed, not all of them. The first run builds all: looking
    them up one by one takes ten times as long. -#}
{%- if not execute or flags.FULL_REFRESH -%}{{ return(false) }}{%- endif -%}
{{ return(has_table('viagens')) }}
{%- endmacro %}

{% macro has_table(name) -%}
{#- Whether an earlier run left this table: for models that read a table built from them, as the last run left it. -#}
{{ return(adapter.get_relation(database=this.database, schema=this.schema, identifier=name) is not none) }}
{%- endmacro %}

{% macro table_of_before(name) -%}
{#- The relation of such a table. -#}
{{ return(adapter.Relation.create(database=this.database, schema=this.schema, identifier=name)) }}
{%- endmacro %}

{% macro last_whole_run() -%}
{#- The number of the last transform run that succeeded as a whole. -#}
(
    select coalesce(max(transform_id), 0)
    from {{ source('brt', 'brt_transform') }}
    where transformed_at is not null
)
{%- endmacro %}

{% macro changed_since_the_last_run() -%}
{#- Whether a row was written since the last transform run that succeeded as a whole; the upper bound as in `newer`. -#}
derived_by between {{ last_whole_run() }} + 1 and 9223372036854775807
{%- endmacro %}
