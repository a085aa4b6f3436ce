-- Signals of some time, oldest first; of a vehicle or a line if one is named; after a signal that was the last of a page.
-- The live engine runs the same statement on DuckDB.
select
    datahora,
    codigo,
    placa,
    linha,
    sentido,
    trajeto,
    latitude,
    longitude,
    velocidade,
    direcao,
    ignicao,
    hodometro,
    sentido_estimado,
    progresso_m,
    desvio_m,
    velocidade_media_10_min,
    status,
    qualidade,
    origem,
    azimute
from sinais
where
    datahora >= %(de)s
    and datahora < %(ate)s
    and (cast(%(codigo)s as text) is null or codigo = %(codigo)s)
    and (cast(%(linha)s as text) is null or linha = %(linha)s)
    and (
        cast(%(depois_datahora)s as timestamptz) is null
        or (datahora, codigo) > (cast(%(depois_datahora)s as timestamptz), cast(%(depois_codigo)s as text))
    )
order by datahora, codigo
limit %(limite)s
