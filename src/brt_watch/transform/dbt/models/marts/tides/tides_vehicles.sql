-- One row is a vehicle, in the terms of TIDES 1.0 (vehicles).
{{ config(materialized='view') }}

with final as (
    select codigo as vehicle_id
    from {{ ref('posicao_atual') }}
)

select * from final
