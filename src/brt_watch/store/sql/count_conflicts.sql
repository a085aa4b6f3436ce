-- How many signals of the window have a record that says something else than what is kept of the signal.
select count(distinct (seen."dataHora", seen.codigo)) as conflicts
from (
    select distinct "dataHora", codigo, latitude, longitude, velocidade, hodometro, direcao, ignicao, linha, sentido
    from records_csv
) as seen
inner join brt_raw as kept
    on kept.codigo = seen.codigo
    and kept.datahora = timestamptz 'epoch' + seen."dataHora" * interval '1 millisecond'
where
    (
        seen.latitude, seen.longitude, seen.velocidade, seen.hodometro, seen.ignicao,
        case seen.direcao when ' ' then '0' else seen.direcao end, nullif(seen.linha, ''), nullif(seen.sentido, '')
    )
    is distinct from
    (
        kept.latitude, kept.longitude, kept.velocidade, kept.hodometro, kept.ignicao,
        kept.direcao::text, kept.linha, kept.sentido
    )
