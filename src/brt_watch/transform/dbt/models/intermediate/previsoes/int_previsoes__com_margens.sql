-- One row is a forecast of a past day (int_previsoes__passadas), with its range.
{{ config(materialized='view') }}

with passadas as (
    select *
    from {{ ref('int_previsoes__passadas') }}
),

final as (
    {{ with_margins('passadas') | indent(4) }}
)

select * from final
