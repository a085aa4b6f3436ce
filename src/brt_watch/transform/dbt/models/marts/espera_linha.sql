-- One row is a line in one direction: how long passengers waited in the last hour that is derived, beside what is usual.
--
-- What has not ended yet counts too: the time since the last bus at each station, so that a line on which no bus comes any
-- more stands out. Headways with a gap of the capture in them are left out. Usual is what the plan promises; where it has no
-- headways, the mean wait of the same hour on earlier days of the same kind.
{{ config(materialized='table') }}

with agora as (
    select
        max(dia_operacao) as dia_operacao,
        max(partida) as momento
    from {{ ref('intervalos') }}
    where escopo = 'linha' and dia_operacao = (select max(dia_operacao) from {{ ref('intervalos') }})
),

de_hoje as (
    select
        intervalos.*,
        agora.momento
    from agora
    inner join {{ ref('intervalos') }} as intervalos on agora.dia_operacao = intervalos.dia_operacao
    where intervalos.escopo = 'linha'
),

ultimos as (
    select
        linha,
        sentido,
        estacao_id,
        dia_operacao,
        momento,
        {{ seconds_between(service_day_start('dia_operacao'), 'momento') }} + 10800 as segundo_do_dia,
        max(partida) as partida
    from de_hoje
    group by linha, sentido, estacao_id, dia_operacao, momento
),

abertos as (
    select
        ultimos.linha,
        ultimos.sentido,
        {{ seconds_between('ultimos.partida', 'ultimos.momento') }} as intervalo_s,
        plano.intervalo_s as previsto_s
    from ultimos
    left join {{ ref('int_rede__plano') }} as plano
        on
            ultimos.linha = plano.linha
            and {{ is_planned_at('plano', 'ultimos.dia_operacao', 'ultimos.segundo_do_dia') }}
    where not exists (
        select 1
        from {{ ref('int_captura__buracos') }} as buracos
        where not buracos.recuperado and buracos.de < ultimos.momento and buracos.ate > ultimos.partida
    )
),

contados as (
    select
        linha,
        sentido,
        intervalo_segundos as intervalo_s,
        intervalo_previsto_segundos as previsto_s
    from de_hoje
    where not flag_desconhecido and partida > momento - {{ seconds(3600) }}
    union all
    -- After the service of the line nobody waits.
    select
        linha,
        sentido,
        intervalo_s,
        previsto_s
    from abertos
    where intervalo_s > 0 and intervalo_s <= {{ var('intervalo_max_segundos') }}
),

esperas as (
    select
        linha,
        sentido,
        count(*) as intervalos,
        sum(intervalo_s * intervalo_s) / nullif(2 * sum(intervalo_s), 0) as espera_s,
        sum(previsto_s * 1.0 * previsto_s) / nullif(2 * sum(previsto_s), 0) as prevista_s
    from contados
    group by linha, sentido
),

usuais as (
    select
        horas.linha,
        horas.sentido,
        avg(horas.espera_segundos) as usual_s
    from agora
    inner join {{ ref('regularidade_hora') }} as horas
        on
            agora.dia_operacao > horas.dia_operacao
            and horas.dia_operacao >= agora.dia_operacao - {{ var('previsao_treino_dias') }}
            and {{ kind_of_day('horas.dia_operacao') }} = {{ kind_of_day('agora.dia_operacao') }}
            and horas.hora_operacao = cast(floor((
                {{ seconds_between(service_day_start('agora.dia_operacao'), 'agora.momento') }} + 10800
            ) / 3600) as integer)
    group by horas.linha, horas.sentido
),

comparadas as (
    select
        esperas.linha,
        esperas.sentido,
        agora.momento,
        esperas.intervalos,
        esperas.espera_s,
        coalesce(esperas.prevista_s, usuais.usual_s) as usual_s,
        esperas.prevista_s is not null as do_plano
    from esperas
    cross join agora
    left join usuais on esperas.linha = usuais.linha and esperas.sentido = usuais.sentido
    where esperas.intervalos >= {{ var('espera_minimo_intervalos') }}
),

final as (
    select
        linha,
        sentido,
        momento,
        cast(intervalos as integer) as intervalos,
        {{ rounded('espera_s', 1) }} as espera_segundos,
        {{ rounded('usual_s', 1) }} as espera_usual_segundos,
        do_plano as flag_do_plano,
        espera_s >= {{ var('espera_dobrada') }} * usual_s as flag_dobrada,
        espera_s < {{ var('espera_de_volta') }} * usual_s as flag_de_volta
    from comparadas
    where usual_s > 0
)

select * from final
