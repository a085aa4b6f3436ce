-- One row is a vehicle: its code, its position, its speed, and when it said so.
{{ config(materialized='view') }}

with final as (
    select
        codigo,
        latitude,
        longitude,
        velocidade,
        datahora
    from {{ ref('posicao_atual') }}
)

select * from final
