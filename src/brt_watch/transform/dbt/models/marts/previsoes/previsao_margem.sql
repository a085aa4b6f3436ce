-- One row is a band of time to the arrival of a kind of forecast: the errors of those made on the days before `dia`.
--
-- A margin is a share of the forecast time plus a minute: a fifth, half and four fifths of the buses were faster than p20,
-- p50 and p80. A day has the margins of the days before it, never its own.
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
        passadas.tipo,
        {{ kind_of_base('passadas.base') }} as base,
        {{ horizon_of('passadas.restante_s') }} as horizonte_min,
        (passadas.chegou_em_s - passadas.restante_s) / (passadas.restante_s + 60) as erro
    from dias
    inner join {{ ref('int_previsoes__passadas') }} as passadas
        on
            passadas.dia_operacao < dias.dia
            and passadas.dia_operacao >= {{ days_after('dias.dia', -14) }}
    where passadas.desfecho_visto and passadas.chegou_em_s is not null
),

final as (
    select
        dia,
        tipo,
        base,
        cast(horizonte_min as integer) as horizonte_min,
        {{ rounded(percentile(0.2, 'erro'), 4) }} as p20,
        {{ rounded(percentile(0.5, 'erro'), 4) }} as p50,
        {{ rounded(percentile(0.8, 'erro'), 4) }} as p80,
        cast(count(*) as integer) as previsoes
    from erros
    group by dia, tipo, base, horizonte_min
    having count(*) >= {{ var('previsao_margem_minimo') }}
)

select * from final
