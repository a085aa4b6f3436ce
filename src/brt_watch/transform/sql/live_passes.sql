-- The passes of the last hour at stations along the way, until the model passagens is live: between two signals of a
-- vehicle on its path, at even speed.
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
        estacoes.distancia_m
    from public.linha_estacoes as estacoes
    inner join versoes using (linha, valido_desde)
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
