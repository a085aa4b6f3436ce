-- One row is a forecast, made at the newest moment: when a vehicle reaches a station ahead of it, within half an hour.
{{ config(materialized='table', pre_hook="{{ plan_with_hash_joins() }}") }}

with agora as (
    select {{ epoch_seconds('max(captured_at)') }} as momento
    from {{ ref('posicao_atual') }}
),

sinais as (
    select
        gps.*,
        agora.momento as agora,
        {{ epoch_seconds('gps.captured_at') }} as sabido,
        {{ epoch_seconds('gps.timestamp_gps') }} as segundo,
        coalesce(
            lead({{ epoch_seconds('gps.captured_at') }}) over (partition by gps.id_veiculo order by gps.timestamp_gps), 9999999999
        ) as ate
    from agora
    inner join {{ ref('gps_brt') }} as gps
        on
            gps.timestamp_gps >= {{ moment_of('agora.momento - 240 - ' ~ var('previsao_silencio_segundos')) }}
            and not gps.flag_futuro
    -- Excludes nothing, but makes Postgres expect few rows and use the index.
    where
        gps.timestamp_gps >= (select max(captured_at) from {{ ref('posicao_atual') }}) - {{ seconds(900) }}
        and gps.timestamp_gps <= (select max(captured_at) from {{ ref('posicao_atual') }}) + {{ seconds(900) }}
),

-- What was known now, and at each of the last four minutes.
lugares as (
    select
        sinais.agora - 60 * minutos.n as momento,
        sinais.id_veiculo,
        sinais.servico as linha,
        sinais.sentido,
        {{ service_day(moment_of('sinais.agora - 60 * minutos.n')) }} as dia_operacao,
        sinais.segundo,
        sinais.progresso_m as metros,
        sinais.velocidade_instantanea as velocidade
    from sinais
    {{ cross_join_numbers(0, 4, 'minutos') }}
    where
        sinais.agora - 60 * minutos.n >= sinais.sabido
        and sinais.agora - 60 * minutos.n < sinais.ate
        and {{ can_be_forecast('sinais.agora - 60 * minutos.n - sinais.segundo') }}
),

atuais as (
    select lugares.*
    from lugares
    inner join agora on lugares.momento = agora.momento
),

chegadas as (
    select *
    from {{ ref('int_previsoes__chegadas') }}
),

{{ with_departures('atuais', 'chegadas') }},

{{ forecasts('posicoes', 'chegadas', 'lugares') }},

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
