-- Rows of signals straight into the table: that writes many at a time, as an insert does not. An empty text is null.
copy brt_raw (
    tick, capturer, load_id, captured_at, codigo, placa, linha, latitude, longitude, datahora, velocidade,
    id_migracao_trajeto, sentido, trajeto, hodometro, direcao, ignicao, capacidade_pe_veiculo,
    capacidade_sentado_veiculo, extra
)
from stdin (format csv, force_null (placa, linha, id_migracao_trajeto, sentido, trajeto))
