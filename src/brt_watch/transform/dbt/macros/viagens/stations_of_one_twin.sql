{% macro stations_of_one_twin() -%}
{#- The CTEs of the stations at which only one of two lines with the same path stops: `de_uma_so` has them by line, direction and
    the other line, with their place on the path; `lado` is 1 for a station of the line, -1 for one of the other. `par` numbers lines
    and directions with their days, because numbers join faster than texts. -#}
pontas as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        comprimento_m,
        min(case when ordem = 1 then estacao_id end) as primeira_id,
        min(case when ordem = estacoes then estacao_id end) as ultima_id
    from {{ ref('int_rede__estacoes') }}
    group by linha, sentido, primeiro_dia, ultimo_dia, comprimento_m
),

gemeas as (
    select
        pontas.linha,
        pontas.sentido,
        outras.linha as outra_linha,
        greatest(pontas.primeiro_dia, outras.primeiro_dia) as primeiro_dia,
        least(pontas.ultimo_dia, outras.ultimo_dia) as ultimo_dia
    from pontas
    inner join pontas as outras
        on
            pontas.sentido = outras.sentido
            and pontas.primeira_id = outras.primeira_id
            and pontas.ultima_id = outras.ultima_id
            and pontas.linha != outras.linha
            and abs(pontas.comprimento_m - outras.comprimento_m) <= {{ var('gemea_comprimento_m') }}
            and pontas.primeiro_dia <= outras.ultimo_dia
            and outras.primeiro_dia <= pontas.ultimo_dia
),

de_uma_so as (
    select
        gemeas.linha,
        gemeas.sentido,
        gemeas.outra_linha,
        gemeas.primeiro_dia,
        gemeas.ultimo_dia,
        estacoes.estacao_id,
        dense_rank() over (order by gemeas.linha, gemeas.sentido, gemeas.primeiro_dia, gemeas.ultimo_dia) as par,
        min(estacoes.distancia_m) as distancia_m,
        min(case when estacoes.linha = gemeas.linha then 1 else -1 end) as lado
    from gemeas
    inner join {{ ref('int_rede__estacoes') }} as estacoes
        on
            (gemeas.linha = estacoes.linha or gemeas.outra_linha = estacoes.linha)
            and gemeas.sentido = estacoes.sentido
            and gemeas.primeiro_dia between estacoes.primeiro_dia and estacoes.ultimo_dia
    group by
        gemeas.linha, gemeas.sentido, gemeas.outra_linha, gemeas.primeiro_dia, gemeas.ultimo_dia, estacoes.estacao_id
    having min(estacoes.linha) = max(estacoes.linha)
)
{%- endmacro %}
