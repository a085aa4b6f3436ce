-- One row is a stretch of a line in one direction in an hour of a kind of day: how long buses usually take, as trained from
-- the days before `dia`.
--
-- A day is forecast with the newest times that were trained before it, never with its own.
{{ config(
    materialized='incremental',
    unique_key='dia',
    incremental_strategy='delete+insert',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia', 'linha', 'sentido', 'ordem']}]),
    pre_hook="{{ plan_for_many_rows() }}"
) }}

-- depends_on: {{ ref('int_viagens__dias') }}
with ultimo as (
    select max(dia_operacao) as dia
    from {{ ref('velocidade_trecho') }}
),

-- Days with signals that follow a day in which something has changed.
dias as (
    select distinct dia_operacao as dia
    from {{ ref('velocidade_trecho') }}
    where
        dia_operacao > (select ultimo.dia from ultimo) - {{ var('previsao_dias') }}
        {% if is_incremental() %}
        and dia_operacao > (select coalesce(min(dia_operacao), cast('9999-12-31' as date)) from {{ changed_service_days() }} as mudados)
        {% endif %}
),

anteriores as (
    select
        dias.dia,
        medidas.tipo_dia,
        medidas.linha,
        medidas.sentido,
        medidas.ordem,
        medidas.hora_operacao,
        medidas.passagens,
        medidas.tempo_mediano_segundos as percurso_s,
        -- The dwell is the one at the start of a stretch, i.e. at the end of the previous one.
        lag(parada_mediana_segundos) over (
            partition by dias.dia, medidas.dia_operacao, linha, sentido, hora_operacao order by ordem
        ) as parada_no_inicio_s
    from dias
    inner join {{ ref('velocidade_trecho') }} as medidas
        on medidas.dia_operacao < dias.dia and medidas.dia_operacao >= dias.dia - {{ var('previsao_treino_dias') }}
),

-- By hour, by kind of day, or by stretch alone: the finest level with enough measured buses.
{%- for nivel, de, chaves, onibus, parada_s in [
    ('por_hora', 'anteriores', 'dia, tipo_dia, linha, sentido, ordem, hora_operacao', 'passagens', 'parada_no_inicio_s'),
    ('por_tipo', 'por_hora', 'dia, tipo_dia, linha, sentido, ordem', 'onibus', 'parada_s'),
    ('por_trecho', 'por_tipo', 'dia, linha, sentido, ordem', 'onibus', 'parada_s')
] %}
{{ nivel }} as (
    select
        {{ chaves }},
        sum({{ onibus }}) as onibus,
        sum({{ onibus }} * percurso_s) / sum({{ onibus }}) as percurso_s,
        sum({{ onibus }} * {{ parada_s }}) / sum(case when {{ parada_s }} is not null then {{ onibus }} end) as parada_s
    from {{ de }}
    group by {{ chaves }}
),
{% endfor %}
-- Hours in which nothing was measured have the mean of the day.
tipos as (
    select
        tipos.tipo_dia,
        horas.n as hora_operacao
    from (
        select 'útil' as tipo_dia
        union all
        select 'sábado' as tipo_dia
        union all
        select 'domingo' as tipo_dia
    ) as tipos
    {{ cross_join_numbers(3, 26, 'horas') }}
),

final as (
    select
        por_trecho.dia,
        tipos.tipo_dia,
        por_trecho.linha,
        por_trecho.sentido,
        cast(tipos.hora_operacao as integer) as hora_operacao,
        cast(por_trecho.ordem as integer) as ordem,
        {{ rounded('(' ~ blended('percurso_s') ~ ')', 1) }} as percurso_s,
        {{ rounded('(' ~ blended('parada_s') ~ ')', 1) }} as parada_s,
        cast(por_trecho.onibus as integer) as onibus
    from por_trecho
    cross join tipos
    left join por_tipo
        on
            por_trecho.dia = por_tipo.dia
            and por_trecho.linha = por_tipo.linha
            and por_trecho.sentido = por_tipo.sentido
            and por_trecho.ordem = por_tipo.ordem
            and tipos.tipo_dia = por_tipo.tipo_dia
    left join por_hora
        on
            por_trecho.dia = por_hora.dia
            and por_trecho.linha = por_hora.linha
            and por_trecho.sentido = por_hora.sentido
            and por_trecho.ordem = por_hora.ordem
            and tipos.tipo_dia = por_hora.tipo_dia
            and tipos.hora_operacao = por_hora.hora_operacao
)

select * from final
