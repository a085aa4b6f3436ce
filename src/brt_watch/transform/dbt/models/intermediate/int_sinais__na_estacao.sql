-- One row is a signal that lies less than `distancia_limiar_parada_m` from a station: the nearest one.
with sinais as (
    {{ signals_on_the_plane() | indent(4) }}
),

distancias as (
    select
        sinais.load_id,
        sinais.codigo,
        sinais.datahora,
        estacoes.estacao_id,
        round(
            10 * sqrt(power(sinais.leste_m - estacoes.leste_m, 2) + power(sinais.norte_m - estacoes.norte_m, 2))
        ) as decimetros
    from sinais
    inner join {{ ref('int_rede__celulas_estacoes') }} as estacoes
        on {{ cell('sinais.leste_m', 'sinais.norte_m') }} = estacoes.celula
),

em_ordem as (
    select
        distancias.*,
        row_number() over (partition by load_id, codigo, datahora order by decimetros, estacao_id) as ordem
    from distancias
    where decimetros < 10 * {{ var('distancia_limiar_parada_m') }}
),

final as (
    select
        load_id,
        codigo,
        datahora,
        estacao_id,
        cast(decimetros / 10 as double precision) as distancia_estacao_m
    from em_ordem
    where ordem = 1
)

select * from final
