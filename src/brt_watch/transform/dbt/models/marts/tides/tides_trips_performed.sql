-- One row is a trip, in the terms of TIDES 1.0 (trips_performed).
{{ config(materialized='view') }}

with extremos as (
    select
        id_viagem,
        min(ordem) as primeira,
        max(ordem) as ultima
    from {{ ref('passagens') }}
    group by id_viagem
),

final as (
    select
        viagens.dia_operacao as service_date,
        viagens.id_viagem as trip_id_performed,
        viagens.id_veiculo as vehicle_id,
        viagens.linha as route_id,
        'Bus' as route_type,
        'Bus Rapid Transit' as ntd_mode,
        viagens.linha || ' ' || viagens.sentido as pattern_id,
        case viagens.sentido when 'ida' then 0 else 1 end as direction_id,
        primeiras.estacao_id as trip_start_stop_id,
        ultimas.estacao_id as trip_end_stop_id,
        viagens.partida as actual_trip_start,
        viagens.chegada as actual_trip_end,
        'In service' as trip_type,
        'Unscheduled' as schedule_relationship
    from {{ ref('viagens') }} as viagens
    left join extremos on viagens.id_viagem = extremos.id_viagem
    left join {{ ref('passagens') }} as primeiras
        on extremos.id_viagem = primeiras.id_viagem and extremos.primeira = primeiras.ordem
    left join {{ ref('passagens') }} as ultimas
        on extremos.id_viagem = ultimas.id_viagem and extremos.ultima = ultimas.ordem
)

select * from final
