-- Temporary tables for what really happened in a simulation (truth/*/*.csv), and the time that is compared.
create temporary table sinais (
    codigo text, datahora timestamptz, recebido timestamptz, linha text, sentido text, estado text,
    distancia_m double precision
) on commit drop;
create temporary table verdade_viagens (
    viagem text, codigo text, linha text, sentido text, partida timestamptz, chegada timestamptz,
    distancia_m double precision, motivo_inicio text, motivo_fim text
) on commit drop;
create temporary table verdade_passagens (
    viagem text, codigo text, linha text, sentido text, ordem integer, estacao_id text, chegada timestamptz,
    partida timestamptz
) on commit drop;
-- From the first good poll to the last one, and to the last one that the models were derived from: what is loaded and not yet
-- derived is nobody's error. Trips and passages count inside a margin, for the same reason.
create temporary table span on commit drop as
select
    loaded.begins,
    loaded.ends,
    loaded.derived_until,
    loaded.begins + interval '3 minutes' as begins_inside,
    loaded.derived_until - interval '3 minutes' as ends_inside
from (
    select
        min(captured_at) as begins,
        max(captured_at) as ends,
        max(captured_at) filter (
            where load_id <= (select max(load_id) from brt_transform where transformed_at is not null)
        ) as derived_until
    from brt_poll
    where status in ('ok', 'late')
) as loaded;
