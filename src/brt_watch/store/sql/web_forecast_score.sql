-- How often the forecasts of buses on their way were right since a service day, by method. TransitApp's figure is the mean of its
-- four bands.
with faixas as (
    select
        metodo,
        horizonte_min,
        min(dia_operacao) as de,
        max(dia_operacao) as ate,
        count(distinct dia_operacao) as dias,
        sum(previsoes) as previsoes,
        sum(previsoes - nunca_chegaram) as chegadas,
        sum(certas_transitapp) / nullif(sum(previsoes_transitapp), 0)::double precision as transitapp,
        sum(certas_mbta) as certas_mbta,
        sum(certas_calitp) as certas_calitp,
        sum(na_faixa) as na_faixa,
        sum(previsoes * erro_mediano_s) as erro_mediano_s,
        sum(previsoes * erro_absoluto_s) as erro_absoluto_s
    from previsao_acerto
    where tipo = 'a caminho' and dia_operacao >= %(desde)s and (%(linha)s::text is null or linha = %(linha)s)
    group by metodo, horizonte_min
)

select
    metodo,
    min(de) as de,
    max(ate) as ate,
    max(dias) as dias,
    sum(previsoes)::bigint as previsoes,
    avg(transitapp)::double precision as transitapp,
    (sum(certas_mbta) / sum(previsoes))::double precision as mbta,
    (sum(certas_calitp) / sum(previsoes))::double precision as calitp,
    (sum(na_faixa) / nullif(sum(chegadas), 0))::double precision as na_faixa,
    (sum(erro_mediano_s) / sum(previsoes))::double precision as erro_mediano_s,
    (sum(erro_absoluto_s) / sum(previsoes))::double precision as erro_absoluto_s
from faixas
group by metodo
order by metodo desc
