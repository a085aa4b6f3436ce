-- Temporary tables for what really happened in a simulation (truth/*/*.csv).
create temporary table sinais (
    codigo text, datahora timestamptz, recebido timestamptz, linha text, sentido text, estado text,
    distancia_m double precision
) on commit drop;
create temporary table verdade_viagens (
    viagem text, codigo text, linha text, sentido text, partida timestamptz, chegada timestamptz,
    distancia_m double precision
) on commit drop;
create temporary table verdade_passagens (
    viagem text, codigo text, linha text, sentido text, ordem integer, estacao_id text, chegada timestamptz,
    partida timestamptz
) on commit drop;
