-- Signals of some time, oldest first; of a vehicle or a line if one is named; after a signal that was the last of a page.
select
    datahora,
    codigo,
    coalesce(placa, '') as placa,
    nullif(nullif(linha, '0'), '') as linha,
    nullif(sentido, '') as sentido,
    coalesce(trajeto, '') as trajeto,
    latitude,
    longitude,
    velocidade,
    direcao,
    ignicao,
    hodometro
from brt_raw
where
    datahora >= %(de)s
    and datahora < %(ate)s
    and (%(codigo)s::text is null or codigo = %(codigo)s)
    and (%(linha)s::text is null or linha = %(linha)s)
    and (%(depois_datahora)s::timestamptz is null or (datahora, codigo) > (%(depois_datahora)s, %(depois_codigo)s::text))
order by datahora, codigo
limit %(limite)s
