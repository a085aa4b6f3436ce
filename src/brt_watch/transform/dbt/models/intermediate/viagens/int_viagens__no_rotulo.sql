-- One row is a signal on the path of its labelled line in one direction, with the advance that it belongs to.
--
-- Buses wait beside the path before they leave and after they arrive: there, the ends of the path reach farther.

with lados as (
    {%- for sentido in ['ida', 'volta'] %}
    select
        id_veiculo,
        dia_operacao,
        servico,
        '{{ sentido }}' as sentido,
        segundo,
        distancia_{{ sentido }}_m as metros,
        desvio_{{ sentido }}_m as desvio_m,
        velocidade
    from {{ ref('int_viagens__sinais') }}
    where distancia_{{ sentido }}_m is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

lugares as (
    select
        lados.id_veiculo,
        lados.dia_operacao,
        0 as bloco,
        lados.servico as linha,
        lados.sentido,
        lados.segundo,
        lados.metros,
        lados.velocidade,
        1 as no_rotulo
    from lados
    inner join {{ ref('int_rede__estacoes') }} as fins
        on
            lados.servico = fins.linha
            and lados.sentido = fins.sentido
            and lados.dia_operacao between fins.primeiro_dia and fins.ultimo_dia
            and fins.ordem = fins.estacoes
    where
        lados.desvio_m <= {{ var('viagem_buffer_m') }}
        or lados.metros <= 1
        or lados.metros >= fins.comprimento_m - 1
),

{{ advances('lugares') }},

final as (
    select
        id_veiculo,
        dia_operacao,
        bloco,
        linha,
        sentido,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        inicio
    from avancos
)

select * from final
