-- One row is a signal outside the whole trips on the path of a line that it may have driven, with its advance there.
{{ config(pre_hook="{{ plan_with_hash_joins() }}") }}

with possiveis as (
    select
        sinais.segundo,
        sinais.velocidade,
        sinais.rumo,
        sinais.leste_m,
        sinais.norte_m,
        sinais.celula,
        percursos.percurso,
        percursos.linha,
        percursos.sentido,
        percursos.inicio_do_dia,
        percursos.comprimento_m as percurso_m,
        case
            when sinais.servico = percursos.linha and sinais.sentido_informado = percursos.sentido then 2
            when sinais.servico = percursos.linha then 1
            else 0
        end as no_rotulo
    from {{ ref('int_viagens__sobras') }} as sinais
    inner join {{ ref('int_viagens__possiveis') }} as percursos
        on sinais.veiculo_dia = percursos.veiculo_dia and sinais.bloco = percursos.bloco
    {{ join_first() }}
),

pes as (
    select
        sinais.percurso,
        sinais.segundo,
        sinais.velocidade,
        sinais.no_rotulo,
        sinais.percurso_m,
        sinais.leste_m as sinal_leste_m,
        sinais.norte_m as sinal_norte_m,
        sinais.rumo,
        case
            when sin(sinais.rumo) * trechos.delta_leste_m + cos(sinais.rumo) * trechos.delta_norte_m < 0
                then {{ var('mesmo_lugar_m') }}
            else 0
        end as contra_m,
        {{ foot_on_piece('sinais.leste_m', 'sinais.norte_m', 'trechos') }}
    from possiveis as sinais
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on
            sinais.celula = trechos.celula
            and sinais.linha = trechos.linha
            and sinais.sentido = trechos.sentido
            and sinais.inicio_do_dia >= trechos.vale_de
            and sinais.inicio_do_dia < trechos.vale_ate
    -- Only pieces that come near some point of the square.
    where
        trechos.do_centro_m <= {{ var('viagem_desvio_m') }} + {{ var('lado_da_celula_m') }} * 0.7072
        or (
            trechos.do_centro_m <= {{ var('viagem_desvio_na_ponta_m') }} + {{ var('lado_da_celula_m') }} * 0.7072
            and (
                trechos.inicio_m <= {{ var('viagem_ponta_m') }}
                or trechos.inicio_m + trechos.comprimento_m >= sinais.percurso_m - {{ var('viagem_ponta_m') }}
            )
        )
    {{ join_first() }}
),

medidos_dos_pes as (
    select
        percurso,
        segundo,
        velocidade,
        no_rotulo,
        percurso_m,
        contra_m,
        sinal_leste_m,
        sinal_norte_m,
        rumo,
        inicio_m,
        inicio_m + fracao * comprimento_m as metros,
        {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'pes', 'fracao') }} as desvio_m
    from pes
),

ordenados as (
    select
        percurso,
        segundo,
        velocidade,
        no_rotulo,
        sinal_leste_m as leste_m,
        sinal_norte_m as norte_m,
        rumo,
        desvio_m,
        metros,
        row_number() over (partition by percurso, segundo order by desvio_m + contra_m, inicio_m) as ordem
    from medidos_dos_pes
    where
        desvio_m <= {{ var('viagem_desvio_m') }}
        or (
            desvio_m <= {{ var('viagem_desvio_na_ponta_m') }}
            and (metros <= {{ var('viagem_ponta_m') }} or metros >= percurso_m - {{ var('viagem_ponta_m') }})
        )
),

lugares as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        leste_m,
        norte_m,
        rumo,
        desvio_m
    from ordenados
    where ordem = 1
),

{{ on_one_pass('lugares', ref('int_viagens__possiveis')) }},

{{ stands_at_the_ends('numa_passada', ref('int_viagens__possiveis')) }},

{{ advances('no_terminal') }}

select * from avancos
