-- One row is a square of the grid and a piece of a line's path that may be the nearest one to a point in that square.
--
-- Everything within `trajeto_longe_m` of a path is covered. Of the pieces near a square, those are kept that can be the
-- nearest to some point of it: at most a diagonal farther from its middle than the nearest piece. `quadras` says which
-- pieces those are in each of the 16 smaller squares, a bit for each (macro block): a signal of a simulated day is then compared with 5.2
-- pieces instead of 12.5. A piece against the heading of the bus counts as
-- farther by `mesmo_lugar_m`, so pieces farther by as much are kept there, and by another metre for rounding. In squares far from the
-- path, where few signals lie, all bits are set.
{{ config(indexes=indexes([{'columns': ['linha', 'celula']}, {'columns': ['celula']}])) }}

{% set colunas = [
    'vale_de', 'vale_ate', 'sentido', 'ordem', 'inicio_m', 'comprimento_m', 'leste_m', 'norte_m', 'delta_leste_m', 'delta_norte_m',
    'comprimento2_m2', 'do_centro_m'
] %}
{% set alcance = var('trajeto_longe_m') + var('lado_da_celula_m') %}

with caixas as (
    select
        trechos.*,
        {{ cell_index('least(leste_m, leste_m + delta_leste_m) - ' ~ alcance) }} as coluna_inicial,
        {{ cell_index('greatest(leste_m, leste_m + delta_leste_m) + ' ~ alcance) }} as coluna_final,
        {{ cell_index('least(norte_m, norte_m + delta_norte_m) - ' ~ alcance) }} as fileira_inicial,
        {{ cell_index('greatest(norte_m, norte_m + delta_norte_m) + ' ~ alcance) }} as fileira_final
    from {{ ref('int_rede__trechos') }} as trechos
),

quadrados as (
    select
        caixas.*,
        colunas.n as coluna,
        fileiras.n as fileira
    from caixas
    {{ cross_join_numbers('caixas.coluna_inicial', 'caixas.coluna_final', 'colunas') }}
    {{ cross_join_numbers('caixas.fileira_inicial', 'caixas.fileira_final', 'fileiras') }}
),

centros as (
    select
        quadrados.*,
        {{ cell_middle_m('coluna') }} as centro_leste_m,
        {{ cell_middle_m('fileira') }} as centro_norte_m
    from quadrados
),

pes as (
    select
        centros.*,
        {{ share_of_piece('centro_leste_m', 'centro_norte_m', 'centros') }} as fracao
    from centros
),

medidos as (
    select
        pes.*,
        {{ metres_from_piece('centro_leste_m', 'centro_norte_m', 'pes', 'fracao') }} as do_centro_m
    from pes
),

comparados as (
    select
        medidos.*,
        min(do_centro_m) over (partition by linha, vale_de, sentido, coluna, fileira) as do_mais_perto_m
    from medidos
    where do_centro_m <= {{ alcance }}
),

mantidos as (
    select *
    from comparados
    where do_centro_m <= do_mais_perto_m + {{ var('lado_da_celula_m') }} * sqrt(2)
),

{% set quadra_m = var('lado_da_celula_m') / 4 %}
pes_das_quadras as (
    select
        mantidos.*
        {%- for quadra in range(16) %},
        {{ share_of_piece(middle_of_block_m('centro_leste_m', quadra // 4), middle_of_block_m('centro_norte_m', quadra % 4), 'mantidos') }} as fracao_{{ quadra }}
        {%- endfor %}
    from mantidos
    where do_mais_perto_m <= {{ var('lado_da_celula_m') }}
),

das_quadras as (
    select
        pes_das_quadras.*
        {%- for quadra in range(16) %},
        {{ metres_from_piece(
            middle_of_block_m('centro_leste_m', quadra // 4), middle_of_block_m('centro_norte_m', quadra % 4), 'pes_das_quadras', 'fracao_' ~ quadra
        ) }} as m_{{ quadra }}
        {%- endfor %}
    from pes_das_quadras
),

final as (
    select
        linha,
        {{ cell_number('coluna', 'fileira') }} as celula,
        {{ colunas | join(',\n        ') }},
        cast(
            0
            {%- for quadra in range(16) %}
            + case
                when m_{{ quadra }} <= min(m_{{ quadra }}) over quadrado + {{ quadra_m }} * sqrt(2) + {{ var('mesmo_lugar_m') + 1 }}
                    then {{ 2 ** quadra }}
                else 0
            end
            {%- endfor %}
            as integer
        ) as quadras
    from das_quadras
    window quadrado as (partition by linha, vale_de, sentido, coluna, fileira)
    union all
    select
        linha,
        {{ cell_number('coluna', 'fileira') }} as celula,
        {{ colunas | join(',\n        ') }},
        {{ 2 ** 16 - 1 }} as quadras
    from mantidos
    where do_mais_perto_m > {{ var('lado_da_celula_m') }}
)

select * from final
