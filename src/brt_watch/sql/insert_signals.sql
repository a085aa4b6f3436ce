-- Signals that no earlier load had, each with the poll that saw it first. Returns how many there were.
with inserted as (
    insert into brt_raw (
        codigo, placa, linha, latitude, longitude, datahora, velocidade, id_migracao_trajeto, sentido, trajeto,
        hodometro, direcao, ignicao, capacidade_pe_veiculo, capacidade_sentado_veiculo, extra,
        captured_at, capturer, tick, load_id
    )
    select distinct on (brt_csv."dataHora", brt_csv.codigo)
        brt_csv.codigo,
        nullif(brt_csv.placa, ''),
        nullif(brt_csv.linha, ''),
        brt_csv.latitude,
        brt_csv.longitude,
        timestamptz 'epoch' + brt_csv."dataHora" * interval '1 millisecond',
        brt_csv.velocidade,
        nullif(brt_csv.id_migracao_trajeto, ''),
        nullif(brt_csv.sentido, ''),
        nullif(brt_csv.trajeto, ''),
        brt_csv.hodometro,
        case brt_csv.direcao when ' ' then 0 else brt_csv.direcao::smallint end,
        brt_csv.ignicao,
        brt_csv."capacidadePeVeiculo",
        brt_csv."capacidadeSentadoVeiculo",
        brt_csv.extra,
        brt_csv.captured_at,
        %(capturer)s,
        polls_csv.tick,
        %(load_id)s
    from brt_csv
    inner join polls_csv on brt_csv.captured_at = polls_csv.captured_at
    order by brt_csv."dataHora", brt_csv.codigo, brt_csv.captured_at
    on conflict do nothing
    returning tick
),

seen_first as (
    select tick, count(*) as signals
    from inserted
    group by tick
)

select
    tick,
    signals
from seen_first
