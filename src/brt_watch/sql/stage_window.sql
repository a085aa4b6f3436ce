-- Temporary tables in the shape of the files of a window; the load copies the files into them.
-- A window of 13 minutes is sorted in this much memory, and not on the disk.
set local work_mem = '32MB';

create temporary table polls_csv (
    tick timestamptz, status text, reason text, detail text, requested_at timestamptz, captured_at timestamptz,
    http_status integer, body_bytes bigint, body_sha256 text, raw text, records integer, rejects integer,
    newest_signal_at timestamptz, median_age_seconds double precision, alerts jsonb,
    csv_bytes bigint, rejects_bytes bigint
) on commit drop;

create temporary table brt_csv (
    captured_at timestamptz, codigo text, placa text, linha text, latitude double precision,
    longitude double precision, "dataHora" bigint, velocidade double precision, id_migracao_trajeto text, sentido text,
    trajeto text, hodometro double precision, direcao text, ignicao smallint, "capacidadePeVeiculo" smallint,
    "capacidadeSentadoVeiculo" smallint, extra jsonb
) on commit drop;

create temporary table rejects_csv (
    tick timestamptz, position integer, reason text, record text
) on commit drop;
