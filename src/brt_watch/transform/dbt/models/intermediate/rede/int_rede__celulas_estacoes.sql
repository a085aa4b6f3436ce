-- One row is a square of the grid and a station that lies within `distancia_limiar_parada_m` of some point of it.
{{ config(indexes=[{'columns': ['celula']}]) }}

{% set alcance = var('distancia_limiar_parada_m') %}

with estacoes as (
    select
        estacao_id,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('estacoes') }}
),

caixas as (
    select
        estacoes.*,
        {{ cell_index('leste_m - ' ~ alcance) }} as coluna_inicial,
        {{ cell_index('leste_m + ' ~ alcance) }} as coluna_final,
        {{ cell_index('norte_m - ' ~ alcance) }} as fileira_inicial,
        {{ cell_index('norte_m + ' ~ alcance) }} as fileira_final
    from estacoes
),

final as (
    select
        {{ cell_number('colunas.n', 'fileiras.n') }} as celula,
        caixas.estacao_id,
        caixas.leste_m,
        caixas.norte_m
    from caixas
    {{ cross_join_numbers('caixas.coluna_inicial', 'caixas.coluna_final', 'colunas') }}
    {{ cross_join_numbers('caixas.fileira_inicial', 'caixas.fileira_final', 'fileiras') }}
)

select * from final
