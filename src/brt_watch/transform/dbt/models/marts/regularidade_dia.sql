-- One row is a line on a service day, in one direction or in both: how long passengers waited, and how long by plan.
--
-- The hours of `regularidade_hora`, weighted by the seconds of their headways, as in a wait over all of them; shares by the
-- number of headways. Only the hours with a plan are compared with it.
{{ config(materialized='view') }}

with horas as (
    select
        regularidade.*,
        regularidade.sentido as escopo
    from {{ ref('regularidade_hora') }} as regularidade
    union all
    select
        regularidade.*,
        'ambos' as escopo
    from {{ ref('regularidade_hora') }} as regularidade
),

pesadas as (
    select
        horas.*,
        intervalos * intervalo_medio_segundos as segundos,
        case when espera_prevista_segundos is not null then intervalos * intervalo_medio_segundos end as segundos_com_plano,
        case when fracao_comboio is not null then intervalos end as comparados
    from horas
),

somas as (
    select
        dia_operacao,
        linha,
        escopo,
        sum(intervalos) as intervalos,
        sum(intervalos_desconhecidos) as intervalos_desconhecidos,
        {%- for espera in ['espera', 'espera_minima', 'espera_maxima'] %}
        sum({{ espera }}_segundos * segundos) / nullif(sum(segundos), 0) as {{ espera }}_s,
        {%- endfor %}
        {%- for espera in ['espera_prevista', 'espera_excedente'] %}
        sum({{ espera }}_segundos * segundos_com_plano) / nullif(sum(segundos_com_plano), 0) as {{ espera }}_s,
        {%- endfor %}
        {%- for ponta in ['minima', 'maxima'] %}
        sum((espera_{{ ponta }}_segundos - espera_prevista_segundos) * segundos_com_plano) / nullif(sum(segundos_com_plano), 0)
        as espera_excedente_{{ ponta }}_s,
        {%- endfor %}
        sum(fracao_comboio * comparados) / nullif(sum(comparados), 0) as comboio,
        sum(fracao_comboio_segundos * intervalos) / nullif(sum(intervalos), 0) as comboio_segundos,
        max(derived_by) as derived_by
    from pesadas
    group by dia_operacao, linha, escopo
),

final as (
    select
        dia_operacao,
        linha,
        escopo as sentido,
        cast(intervalos as integer) as intervalos,
        cast(intervalos_desconhecidos as integer) as intervalos_desconhecidos,
        {{ rounded('espera_s', 1) }} as espera_segundos,
        {{ rounded('espera_minima_s', 1) }} as espera_minima_segundos,
        {{ rounded('espera_maxima_s', 1) }} as espera_maxima_segundos,
        {{ rounded('espera_prevista_s', 1) }} as espera_prevista_segundos,
        {{ rounded('espera_excedente_s', 1) }} as espera_excedente_segundos,
        {{ rounded('espera_excedente_minima_s', 1) }} as espera_excedente_minima_segundos,
        {{ rounded('espera_excedente_maxima_s', 1) }} as espera_excedente_maxima_segundos,
        {{ rounded('comboio_segundos', 3) }} as fracao_comboio_segundos,
        {{ rounded('comboio', 3) }} as fracao_comboio,
        derived_by
    from somas
)

select * from final
