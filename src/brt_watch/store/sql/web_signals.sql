-- Signals of some time, oldest first; of a vehicle or a line if one is named; after a signal that was the last of a page.
-- The live engine runs the same statement on DuckDB.
select
    timestamp_gps as datahora,
    id_veiculo as codigo,
    coalesce(placa, '') as placa,
    servico as linha,
    nullif(sentido_informado, '') as sentido,
    coalesce(trajeto, '') as trajeto,
    latitude,
    longitude,
    velocidade_instantanea as velocidade,
    direcao,
    ignicao,
    hodometro,
    case when sentido in ('ida', 'volta') then sentido end as sentido_estimado,
    progresso_m,
    desvio_m,
    velocidade_estimada_10_min as velocidade_media_10_min,
    status,
    qualidade,
    origem
from gps_brt
where
    timestamp_gps >= %(de)s
    and timestamp_gps < %(ate)s
    and (cast(%(codigo)s as text) is null or id_veiculo = %(codigo)s)
    and (cast(%(linha)s as text) is null or servico = %(linha)s)
    and (
        cast(%(depois_datahora)s as timestamptz) is null
        or (timestamp_gps, id_veiculo) > (cast(%(depois_datahora)s as timestamptz), cast(%(depois_codigo)s as text))
    )
order by timestamp_gps, id_veiculo
limit %(limite)s
