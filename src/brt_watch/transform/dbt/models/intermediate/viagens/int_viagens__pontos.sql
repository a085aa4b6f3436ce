-- One row is a signal of a trip, with its place on the path and the signals before and after it on the trip.

with lugares as (
    {%- for posicoes, pelo_rotulo in [('int_viagens__no_rotulo', 1), ('int_viagens__nas_linhas', 0)] %}
    select
        viagens.numero,
        posicoes.segundo,
        posicoes.metros,
        posicoes.velocidade
    from {{ ref(posicoes) }} as posicoes
    inner join {{ ref('int_viagens__encontradas') }} as viagens
        on
            posicoes.percurso = viagens.percurso
            and posicoes.inicio = viagens.inicio
            and viagens.pelo_rotulo = {{ pelo_rotulo }}
            and posicoes.segundo between viagens.saiu and viagens.chegou
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        numero,
        segundo,
        metros,
        velocidade,
        lag(segundo) over viagem as segundo_anterior,
        lag(metros) over viagem as metros_anteriores,
        lag(velocidade) over viagem as velocidade_anterior,
        lead(segundo) over viagem as segundo_seguinte,
        lead(metros) over viagem as metros_seguintes,
        lead(velocidade) over viagem as velocidade_seguinte
    from lugares
    window viagem as (partition by numero order by segundo)
)

select * from final
