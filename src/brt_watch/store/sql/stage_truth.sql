-- Temporary tables for what really happened in a simulation (truth/*/*.csv), and the time that is compared.
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
-- From the first good poll to the last. Trips and passages count inside a margin: what the ends cut is nobody's error.
create temporary table span on commit drop as
select
    min(captured_at) as begins,
    max(captured_at) as ends,
    min(captured_at) + interval '3 minutes' as begins_inside,
    max(captured_at) - interval '3 minutes' as ends_inside
from brt_poll
where status in ('ok', 'late');
