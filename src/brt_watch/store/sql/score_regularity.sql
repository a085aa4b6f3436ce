-- The wait of passengers by line, direction and hour, beside that of the true passages: the plan is the same for both, so the
-- error of the excess wait is that of the wait. Only whole hours of the capture count, and headways within a service day: the
-- night in which a line does not run is no wait. An hour is settled when it ended an hour before the last poll: most trips that were
-- under way in it have ended, and with them the doubt about their line.
with headways as (
    select
        linha,
        sentido,
        date_trunc('hour', partida) as hour,
        extract(
            epoch from partida - lag(partida) over (
                partition by linha, sentido, estacao_id, ordem,
                    (partida at time zone 'America/Sao_Paulo' - interval '3 hours')::date
                order by partida
            )
        )::double precision as headway_s,
        ordem = max(ordem) over (partition by viagem) as is_last
    from verdade_passagens
    cross join span
    where partida between span.begins and span.derived_until
),

waits as (
    select
        linha,
        sentido,
        hour,
        sum(headway_s * headway_s) / (2 * sum(headway_s)) as wait_s,
        count(*) as headways
    from headways
    cross join span
    where headway_s > 0 and not is_last and hour >= span.begins + interval '1 hour'
        and hour + interval '1 hour' <= span.derived_until
    group by linha, sentido, hour
),

pairs as (
    select
        waits.headways,
        waits.hour + interval '2 hours' <= (select derived_until from span) as settled,
        abs(regularidade_hora.espera_segundos - waits.wait_s) as error_s,
        waits.wait_s between regularidade_hora.espera_minima_segundos and regularidade_hora.espera_maxima_segundos as holds
    from waits
    inner join regularidade_hora
        on
            waits.linha = regularidade_hora.linha
            and waits.sentido = regularidade_hora.sentido
            and waits.hour = (
                regularidade_hora.dia_operacao + make_interval(hours => regularidade_hora.hora_operacao)
            ) at time zone 'America/Sao_Paulo'
)

select
    count(*) as hours,
    (sum(headways * error_s) / nullif(sum(headways), 0))::double precision as ewt_error_s,
    (
        sum(headways * error_s) filter (where settled) / nullif(sum(headways) filter (where settled), 0)
    )::double precision as ewt_error_settled_s,
    percentile_cont(0.5) within group (order by error_s) as ewt_error_p50,
    avg(holds::integer)::double precision as interval_holds
from pairs
