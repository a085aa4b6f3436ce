-- How each line ran in the last hours: vehicles, and the median speed of those that move.
select
    servico as linha,
    date_trunc('hour', timestamp_gps) as hora,
    count(distinct id_veiculo)::integer as veiculos,
    percentile_cont(0.5) within group (order by velocidade_instantanea)
    filter (where velocidade_instantanea >= %(em_movimento_kmh)s) as velocidade_mediana
from gps_brt
where
    timestamp_gps >= %(de)s
    and timestamp_gps < %(ate)s
    and servico is not null
group by servico, date_trunc('hour', timestamp_gps)
order by linha, hora
