{% macro first_arrivals(raw, reached, days) -%}
{#- The CTEs that find when the buses of some forecasts arrived: the first arrival after the signal, from the model `passagens`,
    or from the signals where it found no trip. The result is `encontradas`: momento, id_veiculo, ordem, segundo. -#}
chegadas as (
    select
        id_veiculo,
        linha,
        sentido,
        ordem,
        {{ seconds_between(moment_of(0), 'chegada') }} as segundo,
        true as do_modelo
    from {{ ref('passagens') }}
    where dia_operacao in (select dia_operacao from {{ days }})
    union all
    select
        id_veiculo,
        linha,
        sentido,
        ordem,
        segundo,
        false as do_modelo
    from {{ reached }}
),

encontradas as (
    select
        cruas.momento,
        cruas.id_veiculo,
        cruas.ordem,
        coalesce(
            min(case when chegadas.do_modelo then chegadas.segundo end), min(chegadas.segundo)
        ) as segundo
    from {{ raw }} as cruas
    inner join chegadas
        on
            cruas.id_veiculo = chegadas.id_veiculo
            and cruas.linha = chegadas.linha
            and cruas.sentido = chegadas.sentido
            and cruas.ordem = chegadas.ordem
            and chegadas.segundo >= cruas.momento - cruas.idade_s - {{ var('previsao_na_estacao_m') }}
            and chegadas.segundo <= cruas.momento + {{ var('previsao_nunca_segundos') }}
    where cruas.restante_s <= {{ var('previsao_horizonte_segundos') }}
    group by cruas.momento, cruas.id_veiculo, cruas.ordem
)
{%- endmacro %}
