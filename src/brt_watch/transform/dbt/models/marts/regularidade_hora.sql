-- One row is an hour of a line in one direction on a service day: how long passengers waited, and how long by plan.
--
-- Waits are those of passengers who come at any time: the sum of the squares of the headways over twice their sum, at all
-- stations but the last. A headway with a hole of the capture in it may hide a bus: the lower end of the interval takes one in
-- its middle, the upper end none. Both ends are wider by the uncertainty of the passages.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia_operacao', 'linha', 'sentido']}, {'columns': ['derived_by']}]),
    pre_hook=["{{ plan_for_many_rows() }}", "{{ delete_changed_service_days() }}"]
) }}

with intervalos as (
    select
        intervalos.*,
        intervalo_segundos * intervalo_segundos as quadrado,
        case
            when flag_desconhecido then intervalo_segundos * intervalo_segundos / 2
            else intervalo_segundos * intervalo_segundos
        end as quadrado_minimo,
        power(intervalo_segundos * incerteza_segundos / 1.645, 2) as quadrado_da_duvida
    from {{ ref('intervalos') }} as intervalos
    where escopo = 'linha' and {{ in_changed_service_days('dia_operacao') }}
),

somas as (
    select
        dia_operacao,
        linha,
        sentido,
        hora_operacao,
        count(*) as intervalos,
        count(distinct id_viagem) as viagens,
        count(distinct id_veiculo) as veiculos,
        sum(case when flag_desconhecido then 1 else 0 end) as intervalos_desconhecidos,
        sum(quadrado) / nullif(2 * sum(intervalo_segundos), 0) as espera_s,
        sum(quadrado_minimo) / nullif(2 * sum(intervalo_segundos), 0) as espera_minima_s,
        sqrt(sum(quadrado_da_duvida)) / nullif(sum(intervalo_segundos), 0) as duvida_s,
        sum(intervalo_previsto_segundos * 1.0 * intervalo_previsto_segundos)
        / nullif(2 * sum(intervalo_previsto_segundos), 0) as espera_prevista_s,
        avg(intervalo_segundos) as medio_s,
        sqrt(greatest(0, avg(quadrado) - avg(intervalo_segundos) * avg(intervalo_segundos))) as desvio_s,
        avg(case when flag_comboio_segundos then 1.0 else 0.0 end) as comboio_segundos,
        avg(case when flag_comboio_fracao then 1.0 when flag_comboio_fracao is not null then 0.0 end) as comboio_fracao,
        avg(case when flag_comboio_fracao_larga then 1.0 when flag_comboio_fracao_larga is not null then 0.0 end)
        as comboio_fracao_larga,
        avg(case when flag_lacuna then 1.0 when flag_lacuna is not null then 0.0 end) as lacuna
    from intervalos
    group by dia_operacao, linha, sentido, hora_operacao
),

final as (
    select
        dia_operacao,
        linha,
        sentido,
        hora_operacao,
        cast(viagens as integer) as viagens,
        cast(veiculos as integer) as veiculos,
        cast(intervalos as integer) as intervalos,
        cast(intervalos_desconhecidos as integer) as intervalos_desconhecidos,
        {{ rounded('medio_s', 1) }} as intervalo_medio_segundos,
        {{ rounded('desvio_s / nullif(medio_s, 0)', 3) }} as coeficiente_de_variacao,
        {{ rounded('espera_s', 1) }} as espera_segundos,
        {{ rounded('greatest(0, espera_minima_s - 1.96 * duvida_s - ' ~ var('espera_folga_s') ~ ' - ' ~ var('espera_folga_fracao') ~ ' * espera_s)', 1) }}
        as espera_minima_segundos,
        {{ rounded('(1 + ' ~ var('espera_folga_fracao') ~ ') * espera_s + 1.96 * duvida_s + ' ~ var('espera_folga_s'), 1) }} as espera_maxima_segundos,
        {{ rounded('espera_prevista_s', 1) }} as espera_prevista_segundos,
        {{ rounded('espera_s - espera_prevista_s', 1) }} as espera_excedente_segundos,
        {{ rounded('comboio_segundos', 3) }} as fracao_comboio_segundos,
        {{ rounded('comboio_fracao', 3) }} as fracao_comboio,
        {{ rounded('comboio_fracao_larga', 3) }} as fracao_comboio_larga,
        {{ rounded('lacuna', 3) }} as fracao_lacuna,
        {{ derived_by() }} as derived_by
    from somas
)

select * from final
