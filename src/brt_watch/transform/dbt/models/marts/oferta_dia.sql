-- One row is a line in one direction on a service day: planned trips, those that could be observed, and those that ran.
--
-- A planned trip could be observed in proportion to the captured minutes of its hour: three quarters in an hour with 45.
{{ config(materialized='view') }}

with dias as (
    select
        dia_operacao,
        tipo_dia,
        linha,
        sentido,
        sum(viagens_previstas) as previstas,
        sum(case when viagens_previstas is not null then viagens_previstas * least(minutos_capturados, 60) / 60.0 end)
        as observaveis,
        sum(viagens_realizadas) as realizadas,
        sum(case when viagens_previstas is not null then viagens_realizadas end) as realizadas_com_plano,
        sum(viagens_parciais) as parciais,
        sum(km_previstos) as km_previstos,
        sum(km_realizados) as km_realizados,
        max(derived_by) as derived_by
    from {{ ref('oferta_hora') }}
    group by dia_operacao, tipo_dia, linha, sentido
),

final as (
    select
        dia_operacao,
        tipo_dia,
        linha,
        sentido,
        {{ rounded('previstas', 2) }} as viagens_previstas,
        {{ rounded('observaveis', 2) }} as viagens_observaveis,
        cast(realizadas as integer) as viagens_realizadas,
        cast(parciais as integer) as viagens_parciais,
        {{ rounded('km_previstos', 1) }} as km_previstos,
        {{ rounded('km_realizados', 1) }} as km_realizados,
        case when observaveis >= 1 then {{ rounded('realizadas_com_plano / observaveis', 3) }} end as fracao_realizada,
        derived_by
    from dias
)

select * from final
