-- One row is a source of captures, with the grades of its signals and what is odd in them (docs/explanation/findings.md). The direction is
-- that of signals of buses that made 10 km/h and more over ten minutes.
select
    janelas.capturer as fonte,
    count(*) as sinais,
    {%- for grau in ['Excellent', 'Good', 'Poor'] %}
    sum(case when gps.qualidade = '{{ grau }}' then 1 else 0 end) as {{ grau | lower }},
    {%- endfor %}
    {%- for flag in [
        'sem_posicao', 'fora_da_area', 'futuro', 'atrasado', 'codigo_fora_da_frota', 'velocidade_improvavel', 'salto',
        'hodometro_reiniciado', 'aparelho_preso', 'repetido'
    ] %}
    sum(case when gps.flag_{{ flag }} then 1 else 0 end) as {{ flag }},
    {%- endfor %}
    round(
        100.0 * sum(case when gps.velocidade_estimada_10_min >= 10 and gps.flag_sentido_corrigido then 1 else 0 end)
        / nullif(sum(case when gps.velocidade_estimada_10_min >= 10 then 1 else 0 end), 0), 1
    ) as sentido_corrigido_pct,
    percentile_cont(0.5) within group (order by -gps.adiantamento_segundos) as idade_mediana_segundos
from {{ ref('gps_brt') }} as gps
inner join {{ source('brt', 'brt_window') }} as janelas on gps.load_id = janelas.load_id
group by janelas.capturer
order by janelas.capturer
