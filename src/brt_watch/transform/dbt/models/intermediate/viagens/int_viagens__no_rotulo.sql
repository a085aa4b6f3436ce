-- One row is a signal on the path of its labelled line in one direction, with the advance that it belongs to.
--
-- Buses wait beside the path before they leave and after they arrive, so the ends of the path extend further. A label may
-- change after the departure: the signals before that belong to the start of the path too.
{{ config(pre_hook="{{ plan_with_hash_joins() }}") }}

with lados as (
    {%- for sentido in ['ida', 'volta'] %}
    select
        rotulos.percurso,
        rotulos.comprimento_m,
        sinais.segundo,
        sinais.distancia_{{ sentido }}_m as metros,
        sinais.desvio_{{ sentido }}_m as desvio_m,
        sinais.velocidade,
        sinais.leste_m,
        sinais.norte_m,
        sinais.rumo,
        case when sinais.sentido_informado = '{{ sentido }}' then 2 else 1 end as no_rotulo
    from {{ ref('int_viagens__sinais') }} as sinais
    inner join {{ ref('int_viagens__rotulos') }} as rotulos
        on
            sinais.veiculo_dia = rotulos.veiculo_dia
            and sinais.servico = rotulos.linha
            and rotulos.sentido = '{{ sentido }}'
    where sinais.distancia_{{ sentido }}_m is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{{ signals_before_their_label() }},

pes as (
    select
        atrasados.*,
        {{ foot_on_piece('atrasados.sinal_leste_m', 'atrasados.sinal_norte_m', 'trechos') }}
    from atrasados
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on
            atrasados.celula = trechos.celula
            and atrasados.linha = trechos.linha
            and atrasados.sentido = trechos.sentido
            and atrasados.inicio_do_dia >= trechos.vale_de
            and atrasados.inicio_do_dia < trechos.vale_ate
    -- Only pieces that come near some point of the square.
    where
        trechos.inicio_m <= {{ var('viagem_terminal_longe_m') }}
        and trechos.do_centro_m <= {{ var('viagem_desvio_na_ponta_m') }} + {{ var('lado_da_celula_m') }} * 0.7072
    {{ join_first() }}
),

medidos as (
    select
        pes.*,
        {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'pes', 'fracao') }} as desvio_m
    from pes
),

ordenados as (
    select
        medidos.*,
        inicio_m + fracao * comprimento_m as metros,
        row_number() over (partition by percurso, segundo order by desvio_m, inicio_m) as ordem
    from medidos
    where desvio_m <= {{ var('viagem_desvio_na_ponta_m') }}
),

lugares as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        sinal_leste_m as leste_m,
        sinal_norte_m as norte_m,
        rumo,
        desvio_m,
        0 as no_rotulo
    from ordenados
    where
        ordem = 1
        and metros <= {{ var('viagem_terminal_longe_m') }}
        and (
            desvio_m <= {{ var('viagem_desvio_m') }}
            or (metros <= {{ var('viagem_ponta_m') }} and desvio_m <= {{ var('viagem_desvio_na_ponta_m') }})
        )
    union all
    select
        percurso,
        segundo,
        metros,
        velocidade,
        leste_m,
        norte_m,
        rumo,
        desvio_m,
        no_rotulo
    from lados
    where
        desvio_m <= {{ var('viagem_buffer_m') }}
        or metros <= {{ var('viagem_ponta_m') }}
        or metros >= comprimento_m - {{ var('viagem_ponta_m') }}
),

{{ on_one_pass('lugares', ref('int_viagens__rotulos')) }},

{{ stands_at_the_ends('numa_passada', ref('int_viagens__rotulos')) }},

{{ advances('no_terminal') }}

select * from avancos
