-- A temporary table in the shape of the records of a window, for those that may contradict what is kept.
-- Those of 13 minutes are sorted in this much memory, and not on the disk.
set local work_mem = '32MB';

create temporary table records_csv (
    captured_at timestamptz, codigo text, placa text, linha text, latitude double precision,
    longitude double precision, "dataHora" bigint, velocidade double precision, id_migracao_trajeto text, sentido text,
    trajeto text, hodometro double precision, direcao text, ignicao smallint, "capacidadePeVeiculo" smallint,
    "capacidadeSentadoVeiculo" smallint, extra jsonb
) on commit drop;
