-- The passes of the last hour at stations along the way, until the model passagens is live: between two signals of a
-- vehicle on its path, at even speed. A vehicle passes a terminal when it leaves it, or enters it: at 250 m from the end of
-- the path, for it stands anywhere within them.
with versoes as (
    select
        linha,
        max(valido_desde) as valido_desde
    from public.linha_estacoes
    group by linha
),

paradas as (
    select
        estacoes.linha,
        estacoes.sentido,
        estacoes.estacao_id,
        case
            when lag(estacoes.distancia_m) over trajeto is null
                then least(250, lead(estacoes.distancia_m) over trajeto / 2)
            when lead(estacoes.distancia_m) over trajeto is null
                then
                    estacoes.distancia_m
                    - least(250, (estacoes.distancia_m - lag(estacoes.distancia_m) over trajeto) / 2)
            else estacoes.distancia_m
        end as distancia_m
    from public.linha_estacoes as estacoes
    inner join versoes using (linha, valido_desde)
    window trajeto as (partition by estacoes.linha, estacoes.sentido order by estacoes.ordem)
),

passos as (
    select
        id_veiculo,
        servico,
        sentido,
        timestamp_gps,
        progresso_m,
        lag(progresso_m) over veiculo as progresso_anterior_m,
        lag(timestamp_gps) over veiculo as anterior
    from public.gps_brt
    where
        desvio_m <= {desvio_m}
        and timestamp_gps >= (select max(captured_at) from public.brt_poll) - interval '1 hour'
    window veiculo as (partition by id_veiculo, servico, sentido order by timestamp_gps)
)

select
    paradas.estacao_id,
    passos.servico as linha,
    passos.sentido,
    passos.id_veiculo as codigo,
    passos.anterior
    + (passos.timestamp_gps - passos.anterior) * (
        (paradas.distancia_m - passos.progresso_anterior_m) / (passos.progresso_m - passos.progresso_anterior_m)
    ) as datahora
from passos
inner join paradas
    on
        passos.servico = paradas.linha
        and passos.sentido = paradas.sentido
        and passos.progresso_anterior_m < paradas.distancia_m
        and passos.progresso_m >= paradas.distancia_m
where
    passos.timestamp_gps - passos.anterior <= interval '180 seconds'
    and passos.progresso_m - passos.progresso_anterior_m <= 3000
qualify
    coalesce(
        datahora - lag(datahora) over (
            partition by paradas.estacao_id, passos.servico, passos.sentido, passos.id_veiculo order by datahora
        ) >= interval '300 seconds',
        true
    )
order by datahora desc
