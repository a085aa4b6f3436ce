-- Signals that no earlier load had, each with the poll that saw it first. Returns how many there were.
with capture as (
    select
        min(captured_at) as first,
        max(captured_at) as last
    from polls_csv
),

sight as (
    select distinct on (datahora, codigo)
        brt_csv.codigo,
        nullif(brt_csv.placa, '') as placa,
        nullif(brt_csv.linha, '') as linha,
        brt_csv.latitude,
        brt_csv.longitude,
        timestamptz 'epoch' + brt_csv."dataHora" * interval '1 millisecond' as datahora,
        brt_csv.velocidade,
        nullif(brt_csv.id_migracao_trajeto, '') as id_migracao_trajeto,
        nullif(brt_csv.sentido, '') as sentido,
        nullif(brt_csv.trajeto, '') as trajeto,
        brt_csv.hodometro,
        case brt_csv.direcao when ' ' then 0 else brt_csv.direcao::smallint end as direcao,
        brt_csv.ignicao,
        brt_csv."capacidadePeVeiculo",
        brt_csv."capacidadeSentadoVeiculo",
        brt_csv.extra,
        brt_csv.captured_at,
        polls_csv.tick
    from brt_csv
    inner join polls_csv on brt_csv.captured_at = polls_csv.captured_at
    order by datahora, codigo, captured_at
),

-- Nobody else loads meanwhile, so what is known can be looked up before. That is a third faster than `on conflict do
-- nothing`: most signals are sent in the time of their window, and few of that time are known; only the others are
-- looked up one by one.
known as materialized (
    select
        datahora,
        codigo
    from brt_raw
    where datahora between (select first from capture) and (select last from capture)
    union all
    select
        other.datahora,
        other.codigo
    from (
        select distinct
            timestamptz 'epoch' + "dataHora" * interval '1 millisecond' as datahora,
            codigo
        from brt_csv
    ) as other
    -- `offset 0` holds the planner to the index of the primary key.
    cross join lateral (
        select from brt_raw where brt_raw.datahora = other.datahora and brt_raw.codigo = other.codigo offset 0
    ) as there
    where other.datahora not between (select first from capture) and (select last from capture)
),

inserted as (
    insert into brt_raw (
        codigo, placa, linha, latitude, longitude, datahora, velocidade, id_migracao_trajeto, sentido, trajeto,
        hodometro, direcao, ignicao, capacidade_pe_veiculo, capacidade_sentado_veiculo, extra,
        captured_at, tick, capturer, load_id
    )
    select
        sight.*,
        %(capturer)s,
        %(load_id)s
    from sight
    where not exists (select from known where known.datahora = sight.datahora and known.codigo = sight.codigo)
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
