-- One row is a band of time to the arrival of a kind of forecast: the errors of those made on the days before `dia`, of all lines
-- or, drawn to those, of a direction of a line in a part of the day.
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
        passadas.dia_operacao,
        passadas.tipo,
        passadas.linha,
        passadas.sentido,
        {{ part_of_day('passadas.hora_operacao') }} as parte_dia,
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

medidas as (
    select
        dia,
        tipo,
        base,
        horizonte_min,
        linha,
        sentido,
        parte_dia,
        {{ percentile(0.2, 'erro') }} as p20,
        {{ percentile(0.5, 'erro') }} as p50,
        {{ percentile(0.8, 'erro') }} as p80,
        count(*) as previsoes
    from erros
    group by grouping sets (
        (dia, tipo, base, horizonte_min), (dia, tipo, base, horizonte_min, linha, sentido, parte_dia)
    )
    having
        count(*) >= {{ var('previsao_margem_minimo') }}
        and (linha is null or count(distinct dia_operacao) >= {{ var('previsao_margem_dias') }})
),

final as (
    select
        medidas.dia,
        medidas.tipo,
        medidas.base,
        cast(medidas.horizonte_min as integer) as horizonte_min,
        medidas.linha,
        medidas.sentido,
        cast(medidas.parte_dia as integer) as parte_dia,
        {%- for parte in ['p20', 'p50', 'p80'] %}
        {{ rounded(
            '(medidas.previsoes * medidas.' ~ parte ~ ' + ' ~ var('previsao_margem_encolhe') ~ ' * todas.' ~ parte
            ~ ') / (medidas.previsoes + ' ~ var('previsao_margem_encolhe') ~ ')', 4
        ) }} as {{ parte }},
        {%- endfor %}
        cast(medidas.previsoes as integer) as previsoes
    from medidas
    inner join medidas as todas
        on
            medidas.dia = todas.dia
            and medidas.tipo = todas.tipo
            and medidas.base = todas.base
            and medidas.horizonte_min = todas.horizonte_min
            and todas.linha is null
)

select * from final
