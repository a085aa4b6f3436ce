-- One row is a signal that lies less than `distancia_limiar_parada_m` from a station: the nearest one.
{% set mil = 1000 %}

with sinais as (
    select
        load_id,
        codigo,
        datahora,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('stg_brt__sinais') }}
    where not flag_fora_da_area
),

-- Decimetres, then the station's number, so that the minimum is the nearest station.
distancias as (
    select
        sinais.load_id,
        sinais.codigo,
        sinais.datahora,
        min(
            cast(round(10 * sqrt(
                power(sinais.leste_m - estacoes.leste_m, 2) + power(sinais.norte_m - estacoes.norte_m, 2)
            )) as bigint) * {{ mil }} + estacoes.numero
        ) as lugar
    from sinais
    inner join {{ ref('int_rede__celulas_estacoes') }} as estacoes
        on {{ cell('sinais.leste_m', 'sinais.norte_m') }} = estacoes.celula
    group by sinais.load_id, sinais.codigo, sinais.datahora
),

numeros as (
    select distinct
        numero,
        estacao_id
    from {{ ref('int_rede__celulas_estacoes') }}
),

final as (
    select
        distancias.load_id,
        distancias.codigo,
        distancias.datahora,
        numeros.estacao_id,
        cast(floor(distancias.lugar / {{ mil }}) / 10 as double precision) as distancia_estacao_m
    from distancias
    inner join numeros on distancias.lugar % {{ mil }} = numeros.numero
    where floor(distancias.lugar / {{ mil }}) < 10 * {{ var('distancia_limiar_parada_m') }}
)

select * from final
