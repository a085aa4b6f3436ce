-- One row is a source of captures, with the medians over its minutes of the share of
-- sent signals that were seen, and of their age (docs/explanation/findings.md).
select
    janelas.capturer as fonte,
    count(*) as minutos,
    percentile_cont(0.5) within group (order by cobertura.fracao_recuperada) as fracao_recuperada,
    percentile_cont(0.5) within group (order by cobertura.idade_mediana_segundos) as idade_mediana_segundos
from {{ ref('cobertura_captura') }} as cobertura
inner join {{ source('brt', 'brt_window') }} as janelas on cobertura.load_id = janelas.load_id
where cobertura.consultas_boas > 0
group by janelas.capturer
order by janelas.capturer
