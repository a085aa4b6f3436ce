{% macro can_be_forecast(age) -%}
{#- Whether a bus is on a trip, or waits for one, at a known and recent place. A bus that has stood for ten
    minutes along the way is on no trip: half of those do not arrive. -#}
desvio_m <= {{ var('viagem_buffer_m') }}
and sentido in ('ida', 'volta')
and status != 'Parado garagem'
and (flag_em_movimento or progresso_m <= {{ var('previsao_no_terminal_m') }})
and {{ age }} between 0 and {{ var('previsao_silencio_segundos') }}
{%- endmacro %}

{% macro with_departures(positions, reached) -%}
{#- The CTEs that add to positions whether the bus waits at its first terminal, and then when it is likely to leave
    (partida_s): one planned headway after the bus before it, but not in the past; without a plan after the usual wait. Of
    several that wait, the ones nearest to the exit leave first. A bus that stands at its second station, however near, has
    left. The result is `posicoes`. -#}
em_terminais as (
    select
        lugares.*,
        lugares.metros <= {{ var('previsao_no_terminal_m') }}
        and coalesce(lugares.metros < segundas.distancia_m - {{ var('previsao_na_estacao_m') }}, true)
        and coalesce(lugares.velocidade, 0) <= {{ var('velocidade_limiar_parado_kmh') }} as no_terminal,
        {{ seconds_of_service('lugares.momento', 'lugares.dia_operacao') }} as hora_s
    from {{ positions }} as lugares
    left join {{ ref('int_rede__estacoes') }} as segundas
        on
            lugares.linha = segundas.linha
            and lugares.sentido = segundas.sentido
            and lugares.dia_operacao between segundas.primeiro_dia and segundas.ultimo_dia
            and segundas.ordem = 2
),

partidas as (
    select
        linha,
        sentido,
        segundo,
        sabido,
        coalesce(
            lead(sabido) over (partition by linha, sentido order by sabido, id_veiculo), 9999999999
        ) as ate
    from {{ reached }}
    where ordem = 1
),

filas as (
    select
        momento,
        id_veiculo,
        row_number() over (partition by momento, linha, sentido order by metros desc, id_veiculo) as lugar
    from em_terminais
    where no_terminal
),

planos as (
    select
        linha,
        primeiro_dia,
        ultimo_dia,
        de_s,
        ate_s,
        intervalo_s
    from {{ ref('int_rede__plano') }}
    -- On other days too: a guess of when a waiting bus departs, no comparison.
    where tipo_dia = 'útil'
),

posicoes as (
    select
        em_terminais.momento,
        em_terminais.id_veiculo,
        em_terminais.linha,
        em_terminais.sentido,
        em_terminais.dia_operacao,
        em_terminais.segundo,
        em_terminais.metros,
        em_terminais.velocidade,
        em_terminais.no_terminal,
        case
            when em_terminais.no_terminal and max(planos.intervalo_s) is null
                then em_terminais.momento + {{ var('previsao_espera_segundos') }}
            when em_terminais.no_terminal
                then greatest(
                    em_terminais.momento + {{ var('previsao_saida_segundos') }},
                    coalesce(max(partidas.segundo), em_terminais.momento - max(planos.intervalo_s) / 2)
                    + max(filas.lugar) * max(planos.intervalo_s)
                )
        end as partida_s
    from em_terminais
    left join filas on em_terminais.momento = filas.momento and em_terminais.id_veiculo = filas.id_veiculo
    -- A condition on the left side alone makes DuckDB compare every row with every other one; a null finds none.
    left join planos
        on
            case when em_terminais.no_terminal then em_terminais.linha end = planos.linha
            and em_terminais.dia_operacao between planos.primeiro_dia and planos.ultimo_dia
            and em_terminais.hora_s >= planos.de_s
            and em_terminais.hora_s < planos.ate_s
    left join partidas
        on
            case when em_terminais.no_terminal then em_terminais.linha end = partidas.linha
            and em_terminais.sentido = partidas.sentido
            and em_terminais.momento >= partidas.sabido
            and em_terminais.momento < partidas.ate
            and em_terminais.momento - 3600 <= partidas.segundo
    group by
        em_terminais.momento,
        em_terminais.id_veiculo,
        em_terminais.linha,
        em_terminais.sentido,
        em_terminais.dia_operacao,
        em_terminais.segundo,
        em_terminais.metros,
        em_terminais.velocidade,
        em_terminais.no_terminal
)
{%- endmacro %}

{% macro seconds_of_service(second, day) -%}
{#- Seconds since midnight before the service day began, as the plan counts them: past 24 h after midnight. -#}
({{ second }} - {{ epoch_seconds(service_day_start(day)) }} + 10800)
{%- endmacro %}
