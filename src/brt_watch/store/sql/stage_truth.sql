-- A temporary table for the signals that a simulation really sent (truth/*/sinais.csv).
create temporary table sinais (
    codigo text, datahora timestamptz, recebido timestamptz, linha text, sentido text, estado text,
    distancia_m double precision
) on commit drop;
