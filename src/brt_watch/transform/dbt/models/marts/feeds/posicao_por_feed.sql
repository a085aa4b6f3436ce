-- One row is a vehicle of a further feed: its most recent signal, as the feed gave it.
--
-- A run reads the loads of each feed that are not here yet; the loads of a feed have numbers of their own.
{{ config(
    enabled=target.type == 'postgres',
    materialized='incremental',
    unique_key=['feed', 'codigo'],
    on_schema_change='fail'
) }}

{% set colunas = [
    'feed', 'codigo', 'datahora', 'linha', 'sentido', 'latitude', 'longitude', 'velocidade', 'trip_id', 'captured_at', 'load_id'
] %}

with feeds as (
    select distinct feed
    from {{ source('brt', 'veiculos_window') }}
),

{% if is_incremental() %}
lidos as (
    select
        feed,
        max(load_id) as load_id
    from {{ this }}
    group by feed
),
{% endif %}

candidatos as (
    select novos.*
    from feeds
    {% if is_incremental() %}left join lidos on feeds.feed = lidos.feed{% endif %}
    cross join lateral (
        select
            {{ colunas | join(',\n            ') }}
        from {{ ref('stg_veiculos__sinais') }} as sinais
        where
            sinais.feed = feeds.feed
            {% if is_incremental() %}
            and sinais.load_id between coalesce(lidos.load_id, 0) + 1 and 9223372036854775807
            {% endif %}
        {{ join_one_by_one() }}
    ) as novos
    {% if is_incremental() %}
    union all
    select
        {{ colunas | join(',\n        ') }}
    from {{ this }}
    {% endif %}
),

ordenados as (
    select
        candidatos.*,
        {{ seconds_between('captured_at', 'datahora') }} as adiantamento_segundos,
        max(load_id) over (partition by feed) as ultimo_load_id,
        row_number() over (
            partition by feed, codigo
            order by
                case
                    when {{ seconds_between('captured_at', 'datahora') }} > {{ var('futuro_tolerado_segundos') }} then 1
                    else 0
                end,
                datahora desc
        ) as ordem
    from candidatos
),

final as (
    select
        feed,
        codigo,
        datahora,
        linha,
        sentido,
        latitude,
        longitude,
        velocidade,
        trip_id,
        captured_at,
        -adiantamento_segundos as idade_segundos,
        ultimo_load_id as load_id
    from ordenados
    where ordem = 1
)

select * from final
