-- DuckDB: records that may contradict the stored row of their signal: those that differ from the first record in this
-- window, and all records of a signal that brt_raw had before.
select distinct
    outro.datahora,
    outro.codigo,
    outro.latitude,
    outro.longitude,
    outro.velocidade,
    outro.hodometro,
    outro.direcao,
    outro.ignicao,
    outro.linha,
    outro.sentido,
    outro.extra
from registros as outro
inner join primeiros using (datahora, codigo)
inner join registros as primeiro on primeiros.ordem = primeiro.ordem
where
    (outro.datahora, outro.codigo) in (select (datahora, codigo) from conhecidos)
    or (
        outro.ordem <> primeiro.ordem
        and (
            outro.latitude, outro.longitude, outro.velocidade, outro.hodometro, outro.direcao, outro.ignicao,
            outro.linha, outro.sentido
        )
        is distinct from
        (
            primeiro.latitude, primeiro.longitude, primeiro.velocidade, primeiro.hodometro, primeiro.direcao,
            primeiro.ignicao, primeiro.linha, primeiro.sentido
        )
    )
