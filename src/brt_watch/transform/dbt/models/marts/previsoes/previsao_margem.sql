-- One row is a band of time to the arrival of a kind of forecast: the errors of those made on the days before `dia`.
--
-- A margin is a share of the forecast time plus a minute: a fifth, half and four fifths of the buses were faster than p20,
-- p50 and p80. A day has the margins of the days before it, never its own. Buses of one day have much in common, so few days
-- show too little of how wrong a forecast can be: their range is widened by a tenth over the number of days.
{{ config(
    materialized='incremental',
    unique_key='dia',
    incremental_strategy='delete+insert',
    on_schema_change='fail',
    pre_hook="{{ plan_for_many_rows() }}"
) }}

with dias as (
    select distinct {{ days_after('dia_operacao', 1) }} as dia
    from {{ ref('int_previsoes__passadas') }}
    {% if is_incremental() %}where derived_by = {{ derived_by() }}{% endif %}
),

erros as (
    select
        dias.dia,
        passadas.dia_operacao,
        passadas.tipo,
        {{ kind_of_base('passadas.base') }} as base,
        {{ horizon_of('passadas.restante_s') }} as horizonte_min,
        (passadas.chegou_em_s - passadas.restante_s) / (passadas.restante_s + 60) as erro
    from dias
    inner join {{ ref('int_previsoes__passadas') }} as passadas
        on
            passadas.dia_operacao < dias.dia
            and passadas.dia_operacao >= {{ days_after('dias.dia', -14) }}
    where passadas.chegou_em_s is not null
),

resumos as (
    select
        dia,
        tipo,
        base,
        horizonte_min,
        {{ percentile(0.2, 'erro') }} as p20,
        {{ percentile(0.5, 'erro') }} as p50,
        {{ percentile(0.8, 'erro') }} as p80,
        1 + {{ var('previsao_alarga') }} / count(distinct dia_operacao) as largura,
        count(*) as previsoes
    from erros
    group by dia, tipo, base, horizonte_min
    having count(*) >= {{ var('previsao_margem_minimo') }}
),

final as (
    select
        dia,
        tipo,
        base,
        cast(horizonte_min as integer) as horizonte_min,
        {{ rounded('p50 + largura * (p20 - p50)', 4) }} as p20,
        {{ rounded('p50', 4) }} as p50,
        {{ rounded('p50 + largura * (p80 - p50)', 4) }} as p80,
        cast(previsoes as integer) as previsoes
    from resumos
)

select * from final
