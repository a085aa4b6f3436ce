-- One row is a signal of a vehicle, in the terms of TIDES 1.0 (vehicle_locations).
{{ config(materialized='view') }}

with final as (
    select
        id_veiculo || '-' || cast({{ epoch_seconds('timestamp_gps') }} as text) as location_ping_id,
        {{ service_day('timestamp_gps') }} as service_date,
        timestamp_gps as event_timestamp,
        id_veiculo as vehicle_id,
        servico || ' ' || sentido as pattern_id,
        estacao_id as stop_id,
        case
            when estacao_id is not null and not flag_em_movimento then 'Stopped at'
            when estacao_id is not null then 'Incoming at'
            else 'In transit to'
        end as current_status,
        latitude,
        longitude,
        qualidade as gps_quality,
        {{ heading('direcao', 'velocidade_instantanea') }} as heading,
        case when velocidade_instantanea >= 0 then {{ rounded('velocidade_instantanea / 3.6', 2) }} end as speed,
        case when hodometro >= 0 then {{ rounded('hodometro * 1000', 0) }} end as odometer
    from {{ ref('gps_brt') }}
)

select * from final
