-- One row is a straight piece of the path of a version of a line in one direction, on a plane in metres.
with pontos as (
    select
        linha,
        valido_desde,
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
        valido_desde,
        sentido,
        ordem,
        distancia_m as inicio_m,
        lead(distancia_m) over trajeto - distancia_m as comprimento_m,
        leste_m,
        norte_m,
        lead(leste_m) over trajeto - leste_m as delta_leste_m,
        lead(norte_m) over trajeto - norte_m as delta_norte_m
    from pontos
    window trajeto as (partition by linha, valido_desde, sentido order by ordem)
),

final as (
    select
        pares.linha,
        versoes.vale_de,
        versoes.vale_ate,
        pares.sentido,
        pares.ordem,
        pares.inicio_m,
        pares.comprimento_m,
        pares.leste_m,
        pares.norte_m,
        pares.delta_leste_m,
        pares.delta_norte_m,
        power(pares.delta_leste_m, 2) + power(pares.delta_norte_m, 2) as comprimento2_m2
    from pares
    inner join {{ ref('int_rede__versoes') }} as versoes
        on pares.linha = versoes.linha and pares.valido_desde = versoes.valido_desde
    where pares.comprimento_m > 0
)

select * from final
