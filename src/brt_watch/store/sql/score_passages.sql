-- Passages found and passages that happened. A passage is right when vehicle, line, direction and station are, and the arrival
-- within a minute; errors are those of all that lie within five minutes.
with happened as (
    select truth.*
    from verdade_passagens as truth
    inner join span on truth.chegada > span.begins_inside and truth.partida < span.ends_inside
),

found as (
    select passagens.*
    from passagens
    inner join span on passagens.chegada > span.begins_inside and passagens.partida < span.ends_inside
),

pairs as (
    select
        happened.viagem || ' ' || happened.ordem as truth_id,
        found.id_viagem || ' ' || found.ordem as found_id,
        extract(epoch from found.chegada - happened.chegada)::double precision as arrival_error_s,
        extract(epoch from found.partida - happened.partida)::double precision as departure_error_s,
        found.incerteza_chegada_segundos,
        found.incerteza_partida_segundos
    from happened
    inner join found
        on
            happened.codigo = found.id_veiculo
            and happened.linha = found.linha
            and happened.sentido = found.sentido
            and happened.estacao_id = found.estacao_id
            and abs(extract(epoch from found.chegada - happened.chegada)) <= 300
)

select
    (select count(*) from happened) as happened,
    (select count(*) from found) as found,
    count(distinct truth_id) filter (where abs(arrival_error_s) <= 60) as recalled,
    count(distinct found_id) filter (where abs(arrival_error_s) <= 60) as right_ones,
    percentile_cont(0.5) within group (order by abs(arrival_error_s)) as arrival_p50,
    percentile_cont(0.9) within group (order by abs(arrival_error_s)) as arrival_p90,
    percentile_cont(0.5) within group (order by abs(departure_error_s)) as departure_p50,
    percentile_cont(0.9) within group (order by abs(departure_error_s)) as departure_p90,
    avg(
        (
            (abs(arrival_error_s) <= incerteza_chegada_segundos)::integer
            + (abs(departure_error_s) <= incerteza_partida_segundos)::integer
        ) / 2.0
    )::double precision as interval_90_holds
from pairs
