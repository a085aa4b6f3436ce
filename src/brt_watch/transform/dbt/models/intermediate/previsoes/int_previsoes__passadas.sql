-- One row is a forecast as it would have been made at a minute of a past day, from what was known then, with the arrival.
--
-- A rotating sample of vehicles is taken each day. A day is built when it is over; the first run also builds the current one.
{{ config(
    materialized='incremental',
    unique_key='dia_operacao',
    incremental_strategy='delete+insert',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia_operacao']}, {'columns': ['derived_by']}]),
    pre_hook="{{ plan_with_hash_joins() }}"
) }}

{% set colunas = [
    'id_veiculo', 'servico', 'sentido', 'timestamp_gps', 'captured_at', 'progresso_m', 'desvio_m', 'velocidade_instantanea',
    'status', 'flag_em_movimento', 'flag_futuro'
] %}

with dias as (
    select distinct dia_operacao
    from {{ ref('velocidade_trecho') }}
    where
        dia_operacao > (select max(dia_operacao) from {{ ref('velocidade_trecho') }}) - {{ var('previsao_dias') }}
        {% if is_incremental() %}
        and dia_operacao >= (select coalesce(max(dia_operacao), cast('1970-01-01' as date)) from {{ this }})
        and dia_operacao < (select max(dia_operacao) from {{ ref('velocidade_trecho') }})
        {% endif %}
),

sinais as (
    {% if is_incremental() %}
    select
        gps.*,
        dias.dia_operacao
    from dias
    cross join lateral (
        select
            {{ colunas | join(',\n            ') }}
        from {{ ref('gps_brt') }}
        where
            timestamp_gps >= {{ service_day_start('dias.dia_operacao') }}
            and timestamp_gps < {{ service_day_start(days_after('dias.dia_operacao', 1)) }}
            and not flag_fora_da_area
        {{ join_one_by_one() }}
    ) as gps
    {% else %}
    select
        gps.{{ colunas | join(',\n        gps.') }},
        dias.dia_operacao
    from {{ ref('gps_brt') }} as gps
    inner join dias on dias.dia_operacao = {{ service_day_of_stamp('gps') }}
    where not gps.flag_fora_da_area
    {% endif %}
),

{{ stations_reached('sinais', 'dia_operacao') }},

-- The latest known signal of a vehicle, from its capture to that of the next one.
sabidos as (
    select
        sinais.*,
        {{ epoch_seconds('captured_at') }} as sabido,
        coalesce(
            lead({{ epoch_seconds('captured_at') }}) over (partition by id_veiculo order by timestamp_gps), 9999999999
        ) as ate
    from sinais
    where
        not flag_futuro
        and mod(
            ascii(substring(id_veiculo, length(id_veiculo), 1)) * 10 + ascii(substring(id_veiculo, length(id_veiculo) - 1, 1))
            + cast(extract(doy from dia_operacao) as integer), {{ var('previsao_amostra') }}
        ) = 0
),

lugares as (
    select
        60 * minutos.n as momento,
        sabidos.id_veiculo,
        sabidos.servico as linha,
        sabidos.sentido,
        sabidos.dia_operacao,
        {{ epoch_seconds('timestamp_gps') }} as segundo,
        sabidos.progresso_m as metros,
        sabidos.velocidade_instantanea as velocidade
    from sabidos
    {{ cross_join_numbers(
        'cast(ceil(sabidos.sabido / 60.0) as bigint)',
        'cast(ceil(least(sabidos.ate, sabidos.sabido + ' ~ var('previsao_silencio_segundos') ~ ') / 60.0) as bigint) - 1', 'minutos'
    ) }}
    where {{ can_be_forecast('60 * minutos.n - ' ~ epoch_seconds('timestamp_gps')) }}
),

{{ with_departures('lugares', 'alcancadas') }},

{{ forecasts('posicoes', 'alcancadas', 'lugares') }},

{{ first_arrivals('cruas', 'alcancadas', 'dias') }},

{{ shown_until('sinais', 'cruas') }},

-- A forecast for a bus that had already arrived does not count.
final as (
    select
        cruas.momento,
        cruas.id_veiculo,
        cruas.linha,
        cruas.sentido,
        cruas.dia_operacao,
        cruas.hora_operacao,
        cast(cruas.ordem as integer) as ordem,
        cruas.estacao_id,
        cruas.falta_m,
        cruas.velocidade,
        cruas.idade_s,
        cruas.tipo,
        cruas.base,
        cruas.restante_s,
        cruas.usual_s,
        encontradas.segundo - cruas.momento as chegou_em_s,
        -- Later than that, a bus is wrong by every yardstick.
        cruas.momento + cruas.restante_s * 3 / 2 + {{ var('previsao_desfecho_segundos') }} <= fins.segundo as desfecho_visto,
        {{ derived_by() }} as derived_by
    from cruas
    inner join fins
        on cruas.dia_operacao = fins.dia_operacao and cruas.momento = fins.momento
    left join encontradas
        on
            cruas.momento = encontradas.momento
            and cruas.id_veiculo = encontradas.id_veiculo
            and cruas.ordem = encontradas.ordem
    where
        cruas.restante_s <= {{ var('previsao_horizonte_segundos') }}
        and (encontradas.segundo is null or encontradas.segundo >= cruas.momento)
)

select * from final
