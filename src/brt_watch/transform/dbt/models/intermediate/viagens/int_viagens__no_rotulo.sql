-- One row is a signal on the path of its labelled line in one direction, with the advance that it belongs to.
--
-- Buses wait beside the path before they leave and after they arrive, so the ends of the path extend further.

with lados as (
    {%- for sentido in ['ida', 'volta'] %}
    select
        rotulos.percurso,
        rotulos.comprimento_m,
        sinais.segundo,
        sinais.distancia_{{ sentido }}_m as metros,
        sinais.desvio_{{ sentido }}_m as desvio_m,
        sinais.velocidade
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

lugares as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        1 as no_rotulo
    from lados
    where
        desvio_m <= {{ var('viagem_buffer_m') }}
        or metros <= {{ var('viagem_ponta_m') }}
        or metros >= comprimento_m - {{ var('viagem_ponta_m') }}
),

{{ stands_at_the_ends('lugares', ref('int_viagens__rotulos')) }},

{{ advances('no_terminal') }}

select * from avancos
