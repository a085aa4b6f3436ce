-- Keep the records of a recovered window that contradict a signal of another capturer; returns how many signals differ. What
-- the service of the recovery does not send (odometer, ignition) contradicts nothing; lake/disagreements is the same for the
-- lake.
with differing as (
    select distinct on (doubtful.datahora, doubtful.codigo) doubtful.*
    from doubtful
    inner join brt_raw as kept using (datahora, codigo)
    where
        kept.capturer <> %(capturer)s
        and (
            doubtful.latitude, doubtful.longitude, coalesce(doubtful.velocidade, kept.velocidade),
            coalesce(doubtful.direcao, kept.direcao), coalesce(doubtful.linha, kept.linha),
            coalesce(doubtful.sentido, kept.sentido)
        )
        is distinct from
        (kept.latitude, kept.longitude, kept.velocidade, kept.direcao, kept.linha, kept.sentido)
    order by doubtful.datahora, doubtful.codigo
),

stored as (
    insert into brt_disagreement (datahora, codigo, load_id, record)
    select
        differing.datahora,
        differing.codigo,
        %(load_id)s,
        jsonb_strip_nulls(to_jsonb(differing) - 'datahora' - 'codigo')
    from differing
)

select count(*) as conflicts from differing
