-- One row is a station that a trip passes, in the terms of TIDES 1.0 (stop_visits).
{{ config(materialized='view') }}

with final as (
    select
        dia_operacao as service_date,
        id_viagem as trip_id_performed,
        cast(row_number() over (partition by id_viagem order by ordem) as integer) as trip_stop_sequence,
        ordem as scheduled_stop_sequence,
        linha || ' ' || sentido as pattern_id,
        id_veiculo as vehicle_id,
        {{ whole('parada_segundos') }} as dwell,
        estacao_id as stop_id,
        chegada as actual_arrival_time,
        partida as actual_departure_time,
        'Added' as schedule_relationship
    from {{ ref('passagens') }}
)

select * from final
