{% macro changed_days_only() -%}
{#- Whether a run makes only the days of vehicles that have changed, and not all of them. -#}
{{ return(not flags.FULL_REFRESH) }}
{%- endmacro %}

{% macro changed_since_the_last_run() -%}
{#- Whether a row was written since the last run of the models that succeeded as a whole. -#}
derived_by > (
    select coalesce(max(transform_id), 0)
    from {{ source('brt', 'brt_transform') }}
    where transformed_at is not null
)
{%- endmacro %}
