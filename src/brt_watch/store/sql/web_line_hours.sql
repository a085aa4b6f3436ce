-- How each line ran in the last hours.
select
    linha,
    date_trunc('hour', datahora) as hora,
    count(distinct codigo)::integer as veiculos,
    percentile_cont(0.5) within group (order by velocidade) filter (where velocidade > 0) as velocidade_mediana
from brt_raw
where
    datahora >= %(de)s
    and datahora < %(ate)s
    and linha is not null
group by linha, date_trunc('hour', datahora)
order by linha, hora
