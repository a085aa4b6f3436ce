-- How often forecasts were right since a service day, by kind of bus and method: over all days and bands of time, over all
-- days in each band (horizonte_min, with how early and how late a bus may come by TransitApp's yardstick), on each day.
-- TransitApp's figure is the mean of its four bands.
with somas as (
    select
        tipo,
        metodo,
        dia_operacao,
        horizonte_min,
        min(dia_operacao) as de,
        max(dia_operacao) as ate,
        count(distinct dia_operacao) as dias,
        sum(previsoes) as previsoes,
        sum(nunca_chegaram) as nunca_chegaram,
        sum(sem_desfecho) as sem_desfecho,
        sum(previsoes - nunca_chegaram) as chegadas,
        sum(certas_transitapp) / nullif(sum(previsoes_transitapp), 0)::double precision as transitapp,
        sum(certas_mbta) as certas_mbta,
        sum(certas_calitp) as certas_calitp,
        sum(na_faixa) as na_faixa,
        sum(previsoes * erro_mediano_s) as erro_mediano_s,
        sum(previsoes * erro_absoluto_s) as erro_absoluto_s,
        sum(case when oscilacao_min is not null then previsoes end) as seguidas,
        sum(previsoes * oscilacao_min) as oscilacao_min
    from previsao_acerto
    where dia_operacao >= %(desde)s and (%(linhas)s::text is null or position(',' || linha || ',' in %(linhas)s) > 0)
    group by grouping sets ((tipo, metodo, horizonte_min), (tipo, metodo, horizonte_min, dia_operacao))
),

figuras as (
    select
        tipo,
        metodo,
        dia_operacao as dia,
        horizonte_min,
        min(de) as de,
        max(ate) as ate,
        max(dias) as dias,
        sum(previsoes)::bigint as previsoes,
        sum(nunca_chegaram)::bigint as nunca_chegaram,
        sum(sem_desfecho)::bigint as sem_desfecho,
        avg(transitapp)::double precision as transitapp,
        (sum(certas_mbta) / sum(previsoes))::double precision as mbta,
        (sum(certas_calitp) / sum(previsoes))::double precision as calitp,
        (sum(na_faixa) / nullif(sum(chegadas), 0))::double precision as na_faixa,
        (sum(erro_mediano_s) / sum(previsoes))::double precision as erro_mediano_s,
        (sum(erro_absoluto_s) / sum(previsoes))::double precision as erro_absoluto_s,
        (sum(oscilacao_min) / nullif(sum(seguidas), 0))::double precision as oscilacao_min
    from somas
    group by grouping sets ((tipo, metodo, dia_operacao), (tipo, metodo, dia_operacao, horizonte_min))
    having (dia_operacao is null or horizonte_min is null) and sum(previsoes) > 0
)

select
    figuras.*,
    reguas.cedo_s,
    reguas.tarde_s
from figuras
left join previsao_reguas as reguas on reguas.regua = 'transitapp' and figuras.horizonte_min * 60 = reguas.de_s
order by tipo, metodo desc, dia, horizonte_min
