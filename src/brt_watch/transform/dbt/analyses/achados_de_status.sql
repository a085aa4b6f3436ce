-- One row is a source of captures and a status, with its share of the signals at most five minutes old, and the share of
-- those with another direction by movement than by label (docs/explanation/findings.md).
select
    janelas.capturer as fonte,
    gps.status,
    count(*) as sinais,
    round(100.0 * count(*) / sum(count(*)) over (partition by janelas.capturer), 1) as parte_pct,
    round(100.0 * sum(case when gps.flag_sentido_corrigido then 1 else 0 end) / count(*), 1) as sentido_corrigido_pct
from {{ ref('gps_brt') }} as gps
inner join {{ source('brt', 'brt_window') }} as janelas on gps.load_id = janelas.load_id
where gps.adiantamento_segundos between -300 and 60
group by janelas.capturer, gps.status
order by janelas.capturer, count(*) desc
