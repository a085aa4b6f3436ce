-- One row is a forecast, made at the newest moment: when a vehicle reaches a station ahead of it, within half an hour.
{{ config(materialized='table', pre_hook="{{ plan_with_hash_joins() }}") }}

with agora as (
    select {{ epoch_seconds('max(captured_at)') }} as momento
    from {{ ref('posicao_atual') }}
),

sinais as (
    select
        gps.*,
        agora.momento,
        agora.momento - {{ epoch_seconds('gps.timestamp_gps') }} as idade_s
    from {{ ref('posicao_atual') }} as posicoes
    cross join agora
    cross join lateral (
        select *
        from {{ ref('gps_brt') }}
        where id_veiculo = posicoes.codigo and timestamp_gps = posicoes.datahora
        {{ join_one_by_one() }}
    ) as gps
),

lugares as (
    select
        momento,
        id_veiculo,
        servico as linha,
        sentido,
        {{ service_day(moment_of('momento')) }} as dia_operacao,
        momento - idade_s as segundo,
        progresso_m as metros,
        velocidade_instantanea as velocidade
    from sinais
    where {{ can_be_forecast('idade_s') }}
),

chegadas as (
    select *
    from {{ ref('int_previsoes__chegadas') }}
),

{{ with_departures('lugares', 'chegadas') }},

{{ forecasts('posicoes', 'chegadas') }},

com_margens as (
    {{ with_margins('cruas') | indent(4) }}
),

final as (
    select
        {{ moment_of('momento') }} as gerada_em,
        id_veiculo,
        linha,
        sentido,
        cast(ordem as integer) as ordem,
        estacao_id,
        {{ rounded('falta_m', 1) }} as falta_m,
        cast(idade_s as integer) as idade_segundos,
        tipo,
        base,
        {{ moment_of('momento + round(p20_s)') }} as chegada_p20,
        {{ moment_of('momento + round(p50_s)') }} as chegada_p50,
        {{ moment_of('momento + round(p80_s)') }} as chegada_p80
    from com_margens
    where p50_s <= {{ var('previsao_horizonte_segundos') }}
)

select * from final
