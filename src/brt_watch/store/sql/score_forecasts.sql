-- Forecasts of buses on their way, as they would have been made each minute, beside the true arrivals: the next one of the vehicle at
-- the station on that line. One that never came counts as wrong.
with made as (
    select
        com_margens.*,
        momento + p50_s - lag(momento + p50_s) over bus as moved_s,
        momento - lag(momento) over bus as apart_s
    from int_previsoes__com_margens as com_margens
    cross join span
    where com_margens.tipo = 'a caminho' and com_margens.momento <= extract(epoch from span.derived_until) - 2700
    window bus as (partition by id_veiculo, dia_operacao, linha, sentido, ordem order by momento)
),

-- The bus may have come between its last known signal and the forecast.
judged as (
    select
        made.*,
        truth.segundo - made.momento as came_s,
        truth.segundo - made.momento - made.p50_s as error_s
    from made
    left join lateral (
        select extract(epoch from chegada)::double precision as segundo
        from verdade_passagens
        where
            verdade_passagens.codigo = made.id_veiculo
            and verdade_passagens.estacao_id = made.estacao_id
            and verdade_passagens.linha = made.linha
            and verdade_passagens.sentido = made.sentido
            and verdade_passagens.chegada >= to_timestamp(made.momento - made.idade_s - 30)
            and verdade_passagens.chegada <= to_timestamp(made.momento + 5400)
        order by chegada
        limit 1
    ) as truth on true
    where truth.segundo is null or truth.segundo >= made.momento
),

bands as (
    select
        reguas.de_s,
        avg(coalesce(error_s between reguas.cedo_s and reguas.tarde_s, false)::integer) as share
    from judged
    inner join previsao_reguas as reguas
        on
            reguas.regua = 'transitapp'
            and coalesce(judged.came_s, judged.p50_s) >= reguas.de_s
            and coalesce(judged.came_s, judged.p50_s) < reguas.ate_s
    group by reguas.de_s
)

select
    count(*) as made,
    count(*) filter (where came_s is null) as never_came,
    (select avg(share) from bands)::double precision as transitapp,
    avg(coalesce((error_s between mbta.cedo_s and mbta.tarde_s), false)::integer)::double precision as mbta,
    avg(
        coalesce(error_s > -60 * ln(p50_s / 60 + 1.3) and error_s < 60 * ln(p50_s / 60 + 1.5), false)::integer
    )::double precision as calitp,
    percentile_cont(0.5) within group (order by error_s) as error_p50,
    avg((came_s between p20_s and p80_s)::integer) filter (where came_s is not null)::double precision as interval_60_holds,
    (avg(abs(moved_s)) filter (where apart_s = 60) / 60)::double precision as wobble
from judged
left join previsao_reguas as mbta
    on mbta.regua = 'mbta' and judged.p50_s >= mbta.de_s and judged.p50_s < mbta.ate_s
