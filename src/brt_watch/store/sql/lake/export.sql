-- DuckDB: the signals of a service day, for people who use other tools: numbers as doubles, moments in UTC.
select
    codigo,
    placa,
    linha,
    latitude,
    longitude,
    datahora,
    velocidade,
    id_migracao_trajeto,
    sentido,
    trajeto,
    hodometro,
    direcao,
    ignicao,
    capacidade_pe_veiculo,
    capacidade_sentado_veiculo,
    extra,
    captured_at,
    capturer
from brt_raw
where data = cast({day} as date) and ({where})
order by codigo, datahora
