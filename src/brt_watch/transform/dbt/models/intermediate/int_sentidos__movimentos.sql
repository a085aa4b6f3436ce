-- One row is a load, a line and a service day: moves of its buses that agree with their label, and that contradict it.
--
-- A move is two signals of a vehicle in one load, on the path of their line in both directions, between which the bus
-- advanced: metres gained outbound, less those gained inbound, halved.
{{ config(
    materialized='incremental',
    unique_key=['load_id', 'linha', 'dia'],
    on_schema_change='fail',
    indexes=indexes([{'columns': ['load_id']}])
) }}

with sinais as (
    select
        load_id,
        id_veiculo,
        timestamp_gps,
        servico as linha,
        sentido_informado,
        distancia_ida_m,
        distancia_volta_m
    from {{ ref('gps_brt') }}
    where
        desvio_ida_m <= {{ var('buffer_trajeto_m') }}
        and desvio_volta_m <= {{ var('buffer_trajeto_m') }}
        and sentido_informado in ('ida', 'volta')
        {% if is_incremental() %}and {{ newer_loads(this) }}{% endif %}
),

passos as (
    select
        sinais.*,
        {{ seconds_between('lag(timestamp_gps) over veiculo', 'timestamp_gps') }} as segundos,
        (
            distancia_ida_m - lag(distancia_ida_m) over veiculo
            - distancia_volta_m + lag(distancia_volta_m) over veiculo
        ) / 2 as avanco_m
    from sinais
    window veiculo as (partition by load_id, id_veiculo, linha, sentido_informado order by timestamp_gps)
),

movimentos as (
    select
        load_id,
        linha,
        {{ service_day('timestamp_gps') }} as dia,
        case when avanco_m > 0 then 'ida' else 'volta' end = sentido_informado as concorda
    from passos
    where segundos <= {{ var('janela_movel_velocidade_segundos') }} and abs(avanco_m) >= {{ var('sentido_avanco_m') }}
),

final as (
    select
        load_id,
        linha,
        dia,
        sum(case when concorda then 1 else 0 end) as concordam,
        sum(case when concorda then 0 else 1 end) as contrariam
    from movimentos
    group by load_id, linha, dia
)

select * from final
