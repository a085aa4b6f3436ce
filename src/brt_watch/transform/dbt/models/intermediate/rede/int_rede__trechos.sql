-- One row is a straight piece of the way of a line in one direction, on a plane in metres.
with pontos as (
    select
        linha,
        sentido,
        ordem,
        distancia_m,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('linha_trajetos') }}
),

pares as (
    select
        linha,
        sentido,
        ordem,
        distancia_m as inicio_m,
        lead(distancia_m) over trajeto - distancia_m as comprimento_m,
        leste_m,
        norte_m,
        lead(leste_m) over trajeto - leste_m as delta_leste_m,
        lead(norte_m) over trajeto - norte_m as delta_norte_m
    from pontos
    window trajeto as (partition by linha, sentido order by ordem)
),

final as (
    select
        linha,
        sentido,
        ordem,
        inicio_m,
        comprimento_m,
        leste_m,
        norte_m,
        delta_leste_m,
        delta_norte_m,
        power(delta_leste_m, 2) + power(delta_norte_m, 2) as comprimento2_m2
    from pares
    where comprimento_m > 0
)

select * from final
