-- The plain way, as temporary tables that stand before those of the models: a trip is a run of signals with one label, from the last
-- signal that stands within 250 m of the first station to the first one that stands within 250 m of the last; a passage lies on a
-- straight line between two signals, and a headway knows no holes of the capture.
create temporary table viagens on commit drop as
with labelled as (
    select
        id_veiculo,
        servico as linha,
        sentido_informado as sentido,
        timestamp_gps,
        velocidade_instantanea <= 3 as stands,
        case sentido_informado when 'ida' then distancia_ida_m else distancia_volta_m end as metres,
        coalesce(
            servico = lag(servico) over vehicle
            and sentido_informado = lag(sentido_informado) over vehicle
            and timestamp_gps - lag(timestamp_gps) over vehicle <= interval '30 minutes',
            false
        ) as goes_on
    from gps_brt
    window vehicle as (partition by id_veiculo order by timestamp_gps)
),

runs as (
    select
        *,
        count(*) filter (where not goes_on) over (partition by id_veiculo order by timestamp_gps) as run
    from labelled
),

arrivals as (
    select
        runs.*,
        min(runs.timestamp_gps) filter (where runs.stands and runs.metres >= stations.distancia_m - 250) over (
            partition by runs.id_veiculo, runs.run
        ) as arrived_at
    from runs
    inner join int_rede__estacoes as stations
        on
            runs.linha = stations.linha
            and runs.sentido = stations.sentido
            and stations.ordem = stations.estacoes
            and runs.timestamp_gps::date between stations.primeiro_dia and stations.ultimo_dia
)

select
    id_veiculo || ' ' || run as id_viagem,
    id_veiculo,
    linha,
    sentido,
    coalesce(
        max(timestamp_gps) filter (where stands and metres <= 250 and timestamp_gps < coalesce(arrived_at, 'infinity')),
        min(timestamp_gps)
    ) as partida,
    coalesce(arrived_at, max(timestamp_gps)) as chegada
from arrivals
group by id_veiculo, run, linha, sentido, arrived_at
having max(metres) - min(metres) >= 1000;

create temporary table passagens on commit drop as
with steps as (
    select
        id_veiculo,
        servico as linha,
        sentido_informado as sentido,
        timestamp_gps,
        lag(timestamp_gps) over label as before,
        case sentido_informado when 'ida' then distancia_ida_m else distancia_volta_m end as metres,
        lag(case sentido_informado when 'ida' then distancia_ida_m else distancia_volta_m end) over label as metres_before
    from gps_brt
    where least(desvio_ida_m, desvio_volta_m) <= 100
    window label as (partition by id_veiculo, servico, sentido_informado order by timestamp_gps)
),

crossings as (
    select
        steps.id_veiculo,
        steps.linha,
        steps.sentido,
        stations.ordem,
        stations.estacao_id,
        steps.before + (steps.timestamp_gps - steps.before)
        * ((stations.distancia_m - steps.metres_before) / (steps.metres - steps.metres_before)) as moment
    from steps
    inner join int_rede__estacoes as stations
        on
            steps.linha = stations.linha
            and steps.sentido = stations.sentido
            and steps.timestamp_gps::date between stations.primeiro_dia and stations.ultimo_dia
            and stations.distancia_m > steps.metres_before
            and stations.distancia_m <= steps.metres
    where steps.timestamp_gps - steps.before <= interval '30 minutes' and steps.metres - steps.metres_before <= 3000
)

select
    id_veiculo || ' ' || linha || ' ' || moment as id_viagem,
    id_veiculo,
    linha,
    sentido,
    ordem,
    estacao_id,
    moment as chegada,
    moment as partida,
    null::double precision as incerteza_chegada_segundos,
    null::double precision as incerteza_partida_segundos
from crossings;

create temporary table regularidade_hora on commit drop as
with headways as (
    select
        linha,
        sentido,
        (partida at time zone 'America/Sao_Paulo') - interval '3 hours' as operating,
        extract(
            epoch from partida - lag(partida) over (partition by linha, sentido, estacao_id, ordem order by partida)
        )::double precision as headway_s,
        ordem = max(ordem) over (partition by linha, sentido) as is_last
    from passagens
),

waits as (
    select
        linha,
        sentido,
        operating::date as dia_operacao,
        extract(hour from operating)::integer + 3 as hora_operacao,
        sum(headway_s * headway_s) / (2 * sum(headway_s)) as espera_segundos
    from headways
    where headway_s > 0 and not is_last
    group by linha, sentido, operating::date, extract(hour from operating)
)

select
    *,
    espera_segundos as espera_minima_segundos,
    espera_segundos as espera_maxima_segundos
from waits
