-- One row is a source of captures, with how near its moving buses are to the path of their line (docs/explanation/findings.md): signals
-- with more than 10 km/h, at most five minutes old, of a line whose path we have, by the nearer of the two directions.
with linhas_com_trajeto as (
    select distinct linha
    from {{ ref('linha_trajetos') }}
),

sinais as (
    select
        janelas.capturer as fonte,
        least(gps.desvio_ida_m, gps.desvio_volta_m) as desvio_m
    from {{ ref('gps_brt') }} as gps
    inner join {{ source('brt', 'brt_window') }} as janelas on gps.load_id = janelas.load_id
    inner join linhas_com_trajeto on gps.servico = linhas_com_trajeto.linha
    where gps.velocidade_instantanea > 10 and gps.adiantamento_segundos between -300 and 60 and not gps.flag_fora_da_area
)

select
    fonte,
    count(*) as sinais,
    round(100.0 * sum(case when desvio_m is null then 1 else 0 end) / count(*), 1) as longe_pct,
    round(100.0 * sum(case when desvio_m <= 20 then 1 else 0 end) / nullif(count(desvio_m), 0), 1) as ate_20_m_pct,
    round(100.0 * sum(case when desvio_m <= 30 then 1 else 0 end) / nullif(count(desvio_m), 0), 1) as ate_30_m_pct,
    percentile_cont(0.5) within group (order by desvio_m) as mediana_m,
    percentile_cont(0.95) within group (order by desvio_m) as p95_m
from sinais
group by fonte
order by fonte
