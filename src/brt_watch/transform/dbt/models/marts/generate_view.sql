-- One row is a vehicle: its code, latest position and speed, and the time of that signal.
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
