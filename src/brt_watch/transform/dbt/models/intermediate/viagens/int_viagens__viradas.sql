-- One row is a vehicle that sent signals around a turn of the service day: the second from which its new day begins.
--
-- A trip that is under way at 03:00 belongs to the day in which it began. The day of a vehicle begins with its first signal
-- after the turn before which it stood for a while or was silent for long; after some hours at the latest. Signals after that
-- one change nothing, so it is found once.
{{ config(
    materialized='incremental',
    unique_key=['id_veiculo', 'dia_operacao'],
    incremental_strategy='delete+insert',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['id_veiculo', 'dia_operacao']}]),
    pre_hook="{{ plan_for_many_rows() }}"
) }}

{% set silencio = var('viagem_silencio_segundos') %}
{% set alcance = var('virada_alcance_segundos') %}

with {{ signals_around_the_turn(silencio, alcance) }},

lugares as (
    select
        id_veiculo,
        dia_operacao,
        inicio,
        timestamp_gps,
        {{ epoch_seconds('enviado_em') }} as segundo,
        coalesce(velocidade_instantanea, 0) <= {{ var('velocidade_limiar_parado_kmh') }} as parado,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from sinais
),

passos as (
    select
        lugares.*,
        lag(segundo) over virada as segundo_anterior,
        lag(leste_m) over virada as leste_anterior_m,
        lag(norte_m) over virada as norte_anterior_m
    from lugares
    where segundo >= inicio - {{ silencio }} and segundo < inicio + {{ alcance }}
    window virada as (partition by id_veiculo, dia_operacao order by segundo, timestamp_gps)
),

paradas as (
    select
        passos.*,
        sum(
            {{ begins_a_stand() | indent(12) }}
        ) over (partition by id_veiculo, dia_operacao order by segundo, timestamp_gps rows unbounded preceding) as parada
    from passos
),

esperas as (
    select
        paradas.*,
        min(case when parado then segundo end) over (partition by id_veiculo, dia_operacao, parada) as parado_desde
    from paradas
),

final as (
    select
        id_veiculo,
        dia_operacao,
        coalesce(
            min(
                case
                    when segundo < inicio then null
                    when parado and segundo - parado_desde >= {{ var('virada_parada_s') }} then segundo
                    when segundo_anterior is null or segundo - segundo_anterior > {{ silencio }} then segundo
                end
            ),
            max(inicio) + {{ alcance }}
        ) as virada,
        {{ derived_by() }} as derived_by
    from esperas
    group by id_veiculo, dia_operacao
)

select * from final
