-- One row is a hundred metres of a line's path and a piece of the same path that comes by there another time.
--
-- A bus that stands at such a place may be on either pass: the places before and after it show which one.

{% set passo_m = 25 %}

with amostras as (
    select
        trechos.linha,
        trechos.vale_de,
        trechos.vale_ate,
        trechos.sentido,
        trechos.inicio_m + passos.n * {{ passo_m }} as metros,
        trechos.leste_m + passos.n * {{ passo_m }} / trechos.comprimento_m * trechos.delta_leste_m as leste_m,
        trechos.norte_m + passos.n * {{ passo_m }} / trechos.comprimento_m * trechos.delta_norte_m as norte_m
    from {{ ref('int_rede__trechos') }} as trechos
    {{ cross_join_numbers('0', 'cast(floor(trechos.comprimento_m / ' ~ passo_m ~ ') as bigint)', 'passos') }}
    {{ join_first() }}
),

pes as (
    select
        amostras.linha,
        amostras.vale_de,
        amostras.vale_ate,
        amostras.sentido,
        amostras.metros,
        amostras.leste_m as amostra_leste_m,
        amostras.norte_m as amostra_norte_m,
        trechos.comprimento2_m2,
        {{ foot_on_piece('amostras.leste_m', 'amostras.norte_m', 'trechos') }}
    from amostras
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on
            amostras.linha = trechos.linha
            and amostras.vale_de = trechos.vale_de
            and amostras.sentido = trechos.sentido
            and {{ cell('amostras.leste_m', 'amostras.norte_m') }} = trechos.celula
    -- Most pieces near a sample are the path just before and after it.
    where
        trechos.inicio_m < amostras.metros - {{ var('passa_de_novo_adiante_m') }}
        or trechos.inicio_m + trechos.comprimento_m > amostras.metros + {{ var('passa_de_novo_adiante_m') }}
    {{ join_first() }}
),

final as (
    select distinct
        pes.linha,
        pes.vale_de,
        pes.vale_ate,
        pes.sentido,
        cast(floor((pes.metros + lados.n * {{ passo_m }}) / 100) as bigint) as centena,
        pes.inicio_m,
        pes.comprimento_m,
        pes.leste_m,
        pes.norte_m,
        pes.delta_leste_m,
        pes.delta_norte_m,
        pes.comprimento2_m2
    from pes
    {{ cross_join_numbers('-1', '1', 'lados') }}
    where
        {{ metres_from_piece('amostra_leste_m', 'amostra_norte_m', 'pes', 'fracao') }} <= {{ var('passa_de_novo_m') }}
        and abs(inicio_m + fracao * comprimento_m - metros) > {{ var('passa_de_novo_adiante_m') }}
)

select * from final
