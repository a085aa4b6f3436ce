-- One row is a square of the grid and a side of a garage of which a part may lie in that square.
--
-- A polygon of the city is the garage where there is one; a circle around the middle of one of our garages has one
-- row without a side (raio_m).
{{ config(indexes=[{'columns': ['celula']}]) }}

with cantos as (
    select
        poligono_id,
        ordem,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('garagem_poligonos') }}
),

lados as (
    select
        poligono_id,
        leste_m,
        norte_m,
        coalesce(
            lead(leste_m) over poligono, first_value(leste_m) over poligono
        ) as leste_seguinte_m,
        coalesce(
            lead(norte_m) over poligono, first_value(norte_m) over poligono
        ) as norte_seguinte_m
    from cantos
    window poligono as (partition by poligono_id order by ordem)
),

poligonos as (
    select
        poligono_id,
        min(leste_m) as leste_inicial_m,
        max(leste_m) as leste_final_m,
        min(norte_m) as norte_inicial_m,
        max(norte_m) as norte_final_m
    from cantos
    group by poligono_id
),

circulos as (
    select
        garagem_id,
        raio_m,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('garagens') }}
    where tipo = 'garagem' and poligono_id is null
),

areas as (
    select
        'poligono ' || poligono_id as garagem,
        leste_inicial_m,
        leste_final_m,
        norte_inicial_m,
        norte_final_m
    from poligonos
    union all
    select
        garagem_id as garagem,
        leste_m - raio_m as leste_inicial_m,
        leste_m + raio_m as leste_final_m,
        norte_m - raio_m as norte_inicial_m,
        norte_m + raio_m as norte_final_m
    from circulos
),

caixas as (
    select
        garagem,
        {{ cell_index('leste_inicial_m') }} as coluna_inicial,
        {{ cell_index('leste_final_m') }} as coluna_final,
        {{ cell_index('norte_inicial_m') }} as fileira_inicial,
        {{ cell_index('norte_final_m') }} as fileira_final
    from areas
),

celulas as (
    select
        {{ cell_number('colunas.n', 'fileiras.n') }} as celula,
        caixas.garagem
    from caixas
    {{ cross_join_numbers('caixas.coluna_inicial', 'caixas.coluna_final', 'colunas') }}
    {{ cross_join_numbers('caixas.fileira_inicial', 'caixas.fileira_final', 'fileiras') }}
),

final as (
    select
        celulas.celula,
        celulas.garagem,
        lados.leste_m,
        lados.norte_m,
        lados.leste_seguinte_m,
        lados.norte_seguinte_m,
        cast(null as double precision) as raio_m
    from celulas
    inner join lados on celulas.garagem = 'poligono ' || lados.poligono_id
    union all
    select
        celulas.celula,
        celulas.garagem,
        circulos.leste_m,
        circulos.norte_m,
        cast(null as double precision) as leste_seguinte_m,
        cast(null as double precision) as norte_seguinte_m,
        circulos.raio_m
    from celulas
    inner join circulos on celulas.garagem = circulos.garagem_id
)

select * from final
