-- One row is an hour of a line in one direction on a service day: planned and operated trips and kilometres.
--
-- Where nothing was captured, operated trips are unknown: null, not 0.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia_operacao', 'linha', 'sentido']}, {'columns': ['derived_by']}]),
    pre_hook=["{{ plan_for_many_rows() }}", "{{ delete_changed_service_days() }}"]
) }}

with capturadas as (
    select
        dia_operacao,
        hora_operacao,
        count(distinct minuto) as minutos
    from (
        select
            {{ service_day('tick') }} as dia_operacao,
            {{ minute_of('tick') }} as minuto,
            cast(
                floor({{ seconds_between(service_day_start(service_day('tick')), 'tick') }} / 3600) as integer
            ) + 3 as hora_operacao
        from {{ ref('stg_brt__polls') }}
        where status in ('ok', 'late', 'recovered') and {{ near_changed_service_days('tick') }}
    ) as boas
    where dia_operacao in {{ changed_service_days() }}
    group by dia_operacao, hora_operacao
),

-- Days known only from old signals were not captured.
horas as (
    select
        dias.dia_operacao,
        numeros.n as hora_operacao
    from (select distinct dia_operacao from capturadas) as dias
    {{ cross_join_numbers(3, 26, 'numeros') }}
),

percursos as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        comprimento_m / 1000 as comprimento_km
    from {{ ref('int_rede__estacoes') }}
    where ordem = 1
),

previstas as (
    select
        horas.dia_operacao,
        horas.hora_operacao,
        plano.linha,
        sum(
            (least(plano.ate_s, (horas.hora_operacao + 1) * 3600) - greatest(plano.de_s, horas.hora_operacao * 3600))
            * 1.0 / plano.intervalo_s
        ) as viagens
    from horas
    inner join {{ ref('int_rede__plano') }} as plano
        on
            {{ is_planned_on('plano', 'horas.dia_operacao') }}
            and plano.de_s < (horas.hora_operacao + 1) * 3600
            and plano.ate_s > horas.hora_operacao * 3600
    group by horas.dia_operacao, horas.hora_operacao, plano.linha
),

realizadas as (
    select
        dia_operacao,
        linha,
        sentido,
        hora_operacao,
        count(*) as viagens,
        sum(case when tipo = 'parcial' then 1 else 0 end) as parciais,
        sum(distancia_km) as km
    from (
        select
            viagens.linha,
            viagens.sentido,
            viagens.tipo,
            viagens.distancia_km,
            dias.dia as dia_operacao,
            cast(floor(greatest(0, {{ seconds_between('dias.inicio', 'viagens.partida') }}) / 3600) as integer) + 3
            as hora_operacao
        from {{ changed_days_with_ends() }} as dias
        inner join {{ ref('viagens') }} as viagens
            on
                viagens.dia_operacao in (dias.vespera, dias.dia)
                and viagens.partida < dias.fim
                and (viagens.dia_operacao = dias.dia or viagens.partida >= dias.inicio)
        where
            {{ in_changed_service_days('viagens.dia_operacao') }}
            or {{ on_the_day_before('viagens.dia_operacao') }}
    ) as viagens
    group by dia_operacao, linha, sentido, hora_operacao
),

juntas as (
    select
        horas.dia_operacao,
        horas.hora_operacao,
        percursos.linha,
        percursos.sentido,
        previstas.viagens as previstas,
        previstas.viagens * percursos.comprimento_km as km_previstos,
        coalesce(capturadas.minutos, 0) as minutos_capturados,
        case when capturadas.minutos > 0 then coalesce(realizadas.viagens, 0) end as realizadas,
        case when capturadas.minutos > 0 then coalesce(realizadas.parciais, 0) end as parciais,
        case when capturadas.minutos > 0 then coalesce(realizadas.km, 0) end as km_realizados
    from horas
    inner join percursos on horas.dia_operacao between percursos.primeiro_dia and percursos.ultimo_dia
    left join previstas
        on
            horas.dia_operacao = previstas.dia_operacao
            and horas.hora_operacao = previstas.hora_operacao
            and percursos.linha = previstas.linha
    left join realizadas
        on
            horas.dia_operacao = realizadas.dia_operacao
            and horas.hora_operacao = realizadas.hora_operacao
            and percursos.linha = realizadas.linha
            and percursos.sentido = realizadas.sentido
    left join capturadas
        on horas.dia_operacao = capturadas.dia_operacao and horas.hora_operacao = capturadas.hora_operacao
    where previstas.viagens is not null or realizadas.viagens is not null
),

final as (
    select
        dia_operacao,
        {{ kind_of_day('dia_operacao') }} as tipo_dia,
        linha,
        sentido,
        cast(hora_operacao as integer) as hora_operacao,
        {{ rounded('previstas', 2) }} as viagens_previstas,
        cast(realizadas as integer) as viagens_realizadas,
        cast(parciais as integer) as viagens_parciais,
        {{ rounded('km_previstos', 1) }} as km_previstos,
        {{ rounded('km_realizados', 1) }} as km_realizados,
        cast(minutos_capturados as integer) as minutos_capturados,
        {{ derived_by() }} as derived_by
    from juntas
)

select * from final
