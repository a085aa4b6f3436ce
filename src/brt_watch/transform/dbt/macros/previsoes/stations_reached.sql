{% macro stations_reached(signals, day=none) -%}
{#- The CTEs that find when vehicles reached the stations of their line, between two signals and at even speed, and when
    that was known. `signals` has rows of gps_brt. The result is `alcancadas`: id_veiculo, linha, sentido, ordem, estacao_id,
    segundo (when), sabido (the second of the capture that showed it). At a terminal the mark lies where buses leave and
    enter it. `day` is the column of the service day, where the signals have it: DuckDB takes 0.4 s for those of a day. -#}
marcas as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        ordem,
        estacao_id,
        case
            when ordem = 1
                then distancia_m + least({{ var('previsao_terminal_m') }}, (seguinte_m - distancia_m) / 2)
            when ordem = estacoes
                then distancia_m - least({{ var('previsao_terminal_m') }}, (distancia_m - anterior_m) / 2)
            else distancia_m - {{ var('previsao_na_estacao_m') }}
        end as marca_m
    from (
        select
            estacoes.*,
            lag(distancia_m) over percurso as anterior_m,
            lead(distancia_m) over percurso as seguinte_m
        from {{ ref('int_rede__estacoes') }} as estacoes
        window percurso as (partition by linha, sentido, primeiro_dia order by ordem)
    ) as vizinhas
),

passos as (
    select
        id_veiculo,
        servico as linha,
        sentido,
        {{ day or service_day('timestamp_gps') }} as dia_operacao,
        {{ epoch_seconds('timestamp_gps') }} as segundo,
        {{ epoch_seconds('captured_at') }} as sabido,
        progresso_m,
        lag({{ epoch_seconds('timestamp_gps') }}) over veiculo as segundo_anterior,
        lag(progresso_m) over veiculo as progresso_anterior_m
    from {{ signals }}
    where
        desvio_m <= {{ var('viagem_buffer_m') }}
        and sentido in ('ida', 'volta')
        and not flag_futuro
    window veiculo as (partition by id_veiculo, servico, sentido order by timestamp_gps)
),

cruzadas as (
    select
        passos.id_veiculo,
        passos.linha,
        passos.sentido,
        marcas.ordem,
        marcas.estacao_id,
        passos.sabido,
        passos.segundo_anterior
        + (passos.segundo - passos.segundo_anterior) * (marcas.marca_m - passos.progresso_anterior_m)
        / (passos.progresso_m - passos.progresso_anterior_m) as segundo
    from passos
    inner join marcas
        on
            passos.linha = marcas.linha
            and passos.sentido = marcas.sentido
            and passos.dia_operacao between marcas.primeiro_dia and marcas.ultimo_dia
            and passos.progresso_anterior_m < marcas.marca_m
            and passos.progresso_m >= marcas.marca_m
    where
        -- Follows from the two marks above; a standing bus need not be compared with any.
        passos.progresso_m > passos.progresso_anterior_m
        and passos.segundo - passos.segundo_anterior <= {{ var('previsao_silencio_segundos') }}
        and passos.progresso_m - passos.progresso_anterior_m
        <= {{ var('viagem_maximo_ms') }} * (passos.segundo - passos.segundo_anterior) + {{ var('viagem_folga_m') }}
),

repetidas as (
    select
        cruzadas.*,
        lag(segundo) over (partition by id_veiculo, linha, sentido, ordem order by segundo) as vez_anterior
    from cruzadas
),

-- A position that jumps to and fro crosses a mark more than once.
alcancadas as (
    select
        id_veiculo,
        linha,
        sentido,
        ordem,
        estacao_id,
        segundo,
        sabido
    from repetidas
    where vez_anterior is null or segundo - vez_anterior >= {{ var('previsao_outra_vez_segundos') }}
)
{%- endmacro %}
