-- One row is a line, a kind of bus (on its way, or at its first terminal), a method and a band of time on a service day: how
-- often its forecasts were right, by three public yardsticks.
--
-- The methods are the forecast, the city's rule, and the usual times without today's corrections. A bus that never came
-- counts as wrong; where the capture could not show whether it came, the forecast is only counted. The error is the arrival
-- minus the forecast.
{{ config(
    materialized='incremental',
    unique_key='dia_operacao',
    incremental_strategy='delete+insert',
    on_schema_change='fail',
    pre_hook="{{ plan_for_many_rows() }}"
) }}

with feitas as (
    select
        com_margens.*,
        lag(momento) over bus as momento_anterior,
        lag(p50_s) over bus as p50_anterior_s,
        lag(usual_s) over bus as usual_anterior_s,
        lag(falta_m) over bus as falta_anterior_m,
        lag(velocidade) over bus as velocidade_anterior
    from {{ ref('int_previsoes__com_margens') }} as com_margens
    {% if is_incremental() %}where derived_by = {{ derived_by() }}{% endif %}
    window bus as (partition by id_veiculo, dia_operacao, linha, sentido, ordem, tipo order by momento)
),

por_metodo as (
    select
        feitas.*,
        'previsão' as metodo,
        p50_s as segundos,
        p50_anterior_s as segundos_antes,
        case when desfecho_visto and chegou_em_s between p20_s and p80_s then 1 else 0 end as na_faixa
    from feitas
    union all
    select
        feitas.*,
        'prefeitura' as metodo,
        {{ city_rule_s('falta_m', 'velocidade') }} as segundos,
        {{ city_rule_s('falta_anterior_m', 'velocidade_anterior') }} as segundos_antes,
        null as na_faixa
    from feitas
    union all
    select
        feitas.*,
        'tempos usuais' as metodo,
        usual_s as segundos,
        usual_anterior_s as segundos_antes,
        null as na_faixa
    from feitas
),

erros as (
    select
        por_metodo.*,
        {{ horizon_of('segundos') }} as faixa_min,
        case when desfecho_visto then chegou_em_s - segundos end as erro_s,
        abs(momento + segundos - momento_anterior - segundos_antes) / (momento - momento_anterior) as oscilacao
    from por_metodo
    where segundos <= {{ var('previsao_horizonte_segundos') }}
),

-- By the yardstick of TransitApp the band is that of the arrival.
julgadas as (
    select
        erros.*,
        transitapp.regua is not null as vale_transitapp,
        mbta.regua is not null as vale_mbta,
        case when erro_s between transitapp.cedo_s and transitapp.tarde_s then 1 else 0 end as certa_transitapp,
        case when erro_s between mbta.cedo_s and mbta.tarde_s then 1 else 0 end as certa_mbta,
        case
            when erro_s > -60 * ln(segundos / 60 + 1.3) and erro_s < 60 * ln(segundos / 60 + 1.5) then 1 else 0
        end as certa_calitp
    from erros
    left join {{ ref('previsao_reguas') }} as transitapp
        on
            transitapp.regua = 'transitapp'
            and coalesce(erros.chegou_em_s, erros.segundos) >= transitapp.de_s
            and coalesce(erros.chegou_em_s, erros.segundos) < transitapp.ate_s
    left join {{ ref('previsao_reguas') }} as mbta
        on mbta.regua = 'mbta' and erros.segundos >= mbta.de_s and erros.segundos < mbta.ate_s
),

pela_chegada as (
    select
        dia_operacao,
        linha,
        tipo,
        metodo,
        {{ horizon_of('coalesce(chegou_em_s, segundos)') }} as horizonte_min,
        count(*) as previsoes_transitapp,
        sum(certa_transitapp) as certas_transitapp
    from julgadas
    where vale_transitapp and desfecho_visto
    group by dia_operacao, linha, tipo, metodo, {{ horizon_of('coalesce(chegou_em_s, segundos)') }}
),

pela_previsao as (
    select
        dia_operacao,
        linha,
        tipo,
        metodo,
        faixa_min as horizonte_min,
        sum(case when desfecho_visto then 1 else 0 end) as previsoes,
        sum(case when desfecho_visto and chegou_em_s is null then 1 else 0 end) as nunca_chegaram,
        sum(case when desfecho_visto then 0 else 1 end) as sem_desfecho,
        sum(case when vale_mbta then certa_mbta end) as certas_mbta,
        sum(certa_calitp) as certas_calitp,
        sum(na_faixa) as na_faixa,
        {{ percentile(0.5, 'erro_s') }} as erro_mediano_s,
        avg(abs(erro_s)) as erro_absoluto_s,
        avg(case when momento - momento_anterior = 60 then oscilacao end) as oscilacao_min
    from julgadas
    group by dia_operacao, linha, tipo, metodo, faixa_min
),

final as (
    select
        pela_previsao.dia_operacao,
        pela_previsao.linha,
        pela_previsao.tipo,
        pela_previsao.metodo,
        cast(pela_previsao.horizonte_min as integer) as horizonte_min,
        cast(pela_previsao.previsoes as integer) as previsoes,
        cast(pela_previsao.nunca_chegaram as integer) as nunca_chegaram,
        cast(pela_previsao.sem_desfecho as integer) as sem_desfecho,
        cast(coalesce(pela_chegada.previsoes_transitapp, 0) as integer) as previsoes_transitapp,
        cast(coalesce(pela_chegada.certas_transitapp, 0) as integer) as certas_transitapp,
        cast(pela_previsao.certas_mbta as integer) as certas_mbta,
        cast(pela_previsao.certas_calitp as integer) as certas_calitp,
        cast(pela_previsao.na_faixa as integer) as na_faixa,
        {{ rounded('pela_previsao.erro_mediano_s', 1) }} as erro_mediano_s,
        {{ rounded('pela_previsao.erro_absoluto_s', 1) }} as erro_absoluto_s,
        {{ rounded('pela_previsao.oscilacao_min', 3) }} as oscilacao_min,
        {{ derived_by() }} as derived_by
    from pela_previsao
    left join pela_chegada
        on
            pela_previsao.dia_operacao = pela_chegada.dia_operacao
            and pela_previsao.linha = pela_chegada.linha
            and pela_previsao.tipo = pela_chegada.tipo
            and pela_previsao.metodo = pela_chegada.metodo
            and pela_previsao.horizonte_min = pela_chegada.horizonte_min
)

select * from final
