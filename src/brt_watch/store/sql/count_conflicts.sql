-- How many signals of the window have a record whose content differs from the stored row.
select count(distinct (doubtful.datahora, doubtful.codigo)) as conflicts
from doubtful
inner join brt_raw as kept using (datahora, codigo)
where
    (
        doubtful.latitude, doubtful.longitude, doubtful.velocidade, doubtful.hodometro, doubtful.direcao,
        doubtful.ignicao, doubtful.linha, doubtful.sentido
    )
    is distinct from
    (
        kept.latitude, kept.longitude, kept.velocidade, kept.hodometro, kept.direcao, kept.ignicao, kept.linha,
        kept.sentido
    )
