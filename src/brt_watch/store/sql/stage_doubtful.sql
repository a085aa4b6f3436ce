-- A temporary table for the records of a window that may contradict what is stored.
-- Those of 13 minutes are sorted in this much memory, and not on the disk.
set local work_mem = '32MB';

create temporary table doubtful (
    datahora timestamptz, codigo text, latitude double precision, longitude double precision,
    velocidade double precision, hodometro double precision, direcao smallint, ignicao smallint, linha text,
    sentido text, extra jsonb
) on commit drop;
