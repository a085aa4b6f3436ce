{% macro measured_advances(advances, paths) -%}
{#- Long because one statement's CTEs hand their columns on: apart, each would need a contract of its own.

    The CTEs that measure advances (macro advances) on paths: `medidos` has one row an advance of at least viagem_minimo_m,
    with its place on the path, when the bus left the start and when it reached the end. -#}
{%- set parado = var('velocidade_limiar_parado_kmh') %}
avancos as (
    select *
    from {{ advances }}
),

grandes as (
    select
        percurso,
        inicio,
        min(metros) as de_m,
        max(metros) as ate_m,
        count(*) as sinais
    from avancos
    group by percurso, inicio
    having count(*) >= 3 and max(metros) - min(metros) >= {{ var('viagem_minimo_m') }}
),

extremos as (
    select
        avancos.*,
        grandes.de_m,
        grandes.ate_m,
        grandes.sinais,
        lead(segundo) over seguida as segundo_seguinte,
        lead(metros) over seguida as metros_seguintes,
        lead(velocidade) over seguida as velocidade_seguinte,
        lag(segundo) over seguida as segundo_anterior,
        lag(metros) over seguida as metros_anteriores,
        lag(velocidade) over seguida as velocidade_anterior,
        first_value(metros) over seguida as primeiro_m,
        first_value(velocidade) over seguida as primeiro_kmh
    from avancos
    inner join grandes
        on avancos.percurso = grandes.percurso and avancos.inicio = grandes.inicio
    window seguida as (partition by avancos.percurso, avancos.inicio order by segundo)
),

de_pe as (
    select
        extremos.*,
        max(case when velocidade <= {{ parado }} and metros <= de_m + 100 then segundo end) over avanco as parado_ate,
        min(case when velocidade <= {{ parado }} and metros <= de_m + 100 then segundo end) over avanco as parado_desde,
        max(
            case
                when
                    velocidade <= {{ parado }}
                    and metros <= {{ var('viagem_terminal_m') }}
                    and metros_seguintes < metros - {{ var('viagem_volta_m') }}
                    then segundo
            end
        ) over avanco as volta_ao_comeco,
        max(case when metros <= de_m + 20 then segundo end) over avanco as perto_ate,
        max(case when velocidade <= {{ parado }} and metros <= de_m + 20 then segundo end) over avanco
        - min(case when velocidade <= {{ parado }} and metros <= de_m + 20 then segundo end) over avanco as esperou_s,
        min(case when metros >= ate_m - 20 then segundo end) over avanco as no_fim
    from extremos
    window avanco as (partition by percurso, inicio)
),

-- A first signal of a moving bus is the one after the departure, unless the bus then stands, at a terminal or for long: it was coming.
-- Else the bus waits, maybe a little way down the path, and in any case where it is seen nearer to the start afterwards. Where a trip
-- ends on the way, the last metres may be a queue.
momentos as (
    select
        extremos.*,
        percursos.comprimento_m,
        case
            when parado_ate - parado_desde >= {{ var('viagem_parada_longa_s') }} and de_m > {{ var('viagem_terminal_m') }} then parado_ate
            when
                parado_ate is not null
                and de_m <= {{ var('viagem_terminal_m') }} and primeiro_m <= de_m + 20 and de_m > 20 and primeiro_kmh > {{ parado }}
                then greatest(parado_ate, coalesce(volta_ao_comeco, 0))
            when primeiro_m <= de_m + 20 and de_m > 20 and primeiro_kmh > {{ parado }} then greatest(extremos.inicio, coalesce(volta_ao_comeco, 0))
            when esperou_s >= {{ var('viagem_espera_s') }} or de_m > {{ var('distancia_limiar_parada_m') }}
                then greatest(coalesce(volta_ao_comeco, 0), perto_ate)
            else greatest(coalesce(volta_ao_comeco, 0), perto_ate, coalesce(parado_ate, 0))
        end as saiu,
        max(case when segundo < no_fim and metros < ate_m - 20 and velocidade > 5 then segundo end) over (
            partition by extremos.percurso, extremos.inicio
        ) as ultimo_andando
    from de_pe as extremos
    inner join {{ paths }} as percursos on extremos.percurso = percursos.percurso
),

paradas as (
    select
        momentos.*,
        min(
            case when segundo > ultimo_andando and metros >= ate_m - {{ var('viagem_longe_do_fim_m') }} then segundo end
        ) over (partition by percurso, inicio) as parou
    from momentos
),

chegadas as (
    select
        paradas.*,
        case
            when ate_m < comprimento_m - {{ var('viagem_terminal_m') }} then least(no_fim, coalesce(parou, no_fim))
            else no_fim
        end as chegou
    from paradas
),

resumos as (
    select
        percurso,
        inicio,
        de_m,
        ate_m,
        sinais,
        comprimento_m,
        saiu,
        chegou,
        max(segundo) as fim,
        avg(case when segundo between saiu and chegou then cast(least(no_rotulo, 1) as double precision) end) as rotulo,
        avg(
            case when segundo between saiu and chegou then cast(greatest(no_rotulo - 1, 0) as double precision) end
        ) as sentido_no_rotulo,
        sum(
            case
                when
                    segundo between saiu and chegou
                    and velocidade <= {{ parado }}
                    and metros between de_m + {{ var('viagem_parada_da_ponta_m') }} and ate_m - {{ var('viagem_parada_da_ponta_m') }}
                    then 1
                else 0
            end
        ) as parados,
        sum(
            case
                when
                    segundo between saiu and chegou
                    and velocidade <= {{ var('viagem_lento_kmh') }}
                    and metros between de_m + {{ var('viagem_parada_da_ponta_m') }} and ate_m - {{ var('viagem_parada_da_ponta_m') }}
                    then 1
                else 0
            end
        ) as lentos,
        sum(case when segundo between saiu and chegou then 1 else 0 end) as no_caminho,
        max(case when segundo = saiu then metros end) as saida_m,
        max(case when segundo = saiu then velocidade end) as saida_kmh,
        max(case when segundo = saiu then segundo_seguinte end) as depois_segundo,
        max(case when segundo = saiu then metros_seguintes end) as depois_m,
        max(case when segundo = saiu then velocidade_seguinte end) as depois_kmh,
        max(case when segundo = chegou then metros end) as chegada_m,
        max(case when segundo = chegou then velocidade end) as chegada_kmh,
        max(case when segundo = chegou then segundo_anterior end) as antes_segundo,
        max(case when segundo = chegou then metros_anteriores end) as antes_m,
        max(case when segundo = chegou then velocidade_anterior end) as antes_kmh
    from chegadas
    group by percurso, inicio, de_m, ate_m, sinais, comprimento_m, saiu, chegou
),

medias as (
    select
        resumos.*,
        least(12.5, greatest(3.5, (antes_m - saida_m) / nullif(antes_segundo - saiu, 0))) as media_ms
    from resumos
    where chegou > saiu
),

{%- set silencio -%}
chegou - antes_segundo > case
                when comprimento_m - antes_m <= {{ var('viagem_perto_do_fim_m') }} then {{ var('viagem_silencio_perto_do_fim_s') }}
                else {{ var('viagem_silencio_no_fim_s') }}
            end
{%- endset %}
{%- set alcance_m %}case
            when %s <= {{ var('viagem_espera_seguida_s') }}
                then least(
                    {{ var('viagem_terminal_longe_m') }},
                    {{ var('viagem_terminal_m') }} + {{ var('viagem_ate_o_terminal_ms') }} * %s
                )
        end{% endset %}
{%- set mais_ms = var('velocidade_maxima_kmh') / 3.6 %}
{%- set saiu_antes_de = '(depois_segundo - depois_m / ' ~ mais_ms ~ ')' %}
{%- set partida -%}
greatest(saiu, depois_segundo - greatest(1, {{ seconds_to_drive('depois_m', 'depois_kmh', 'media_ms') }}))
{%- endset %}
{%- set chegou_depois_de = '(antes_segundo + (comprimento_m - antes_m) / ' ~ mais_ms ~ ')' %}
{%- set chegada -%}
least(chegou, antes_segundo + {{ seconds_to_drive('comprimento_m - antes_m', 'antes_kmh', 'media_ms') }})
{%- endset %}
vistos as (
    select
        medias.*,
        percursos.veiculo_dia,
        percursos.id_veiculo,
        percursos.dia_operacao,
        percursos.bloco,
        percursos.linha,
        percursos.sentido,
        na_saida.segundo_anterior as visto_antes,
        na_saida.velocidade_anterior as antes_da_saida_kmh,
        na_saida.segundo_seguinte as visto_depois_da_saida,
        case when na_seguinte.velocidade_anterior <= {{ parado }} then na_seguinte.segundo_anterior end as parado_antes_do_seguinte,
        na_chegada.segundo_seguinte as visto_depois,
        no_caminho * 1.0 / (na_chegada.ordem - na_saida.ordem + 1) as fracao_no_caminho,
        coalesce(de_m <= {{ var('viagem_terminal_m') }} or (
            saida_kmh > {{ parado }} and de_m <= {{ alcance_m | replace('%s', '(saiu - na_saida.segundo_anterior)') }}
        ), false) as do_terminal,
        coalesce(ate_m >= medias.comprimento_m - {{ var('viagem_terminal_m') }} or (
            chegada_kmh > {{ parado }}
            and ate_m >= medias.comprimento_m - {{ alcance_m | replace('%s', '(na_chegada.segundo_seguinte - chegou)') }}
        ), false) as ao_terminal
    from medias
    inner join {{ paths }} as percursos on medias.percurso = percursos.percurso
    inner join {{ ref('int_viagens__sinais') }} as na_saida
        on percursos.veiculo_dia = na_saida.veiculo_dia and medias.saiu = na_saida.segundo
    inner join {{ ref('int_viagens__sinais') }} as na_chegada
        on percursos.veiculo_dia = na_chegada.veiculo_dia and medias.chegou = na_chegada.segundo
    left join {{ ref('int_viagens__sinais') }} as na_seguinte
        on percursos.veiculo_dia = na_seguinte.veiculo_dia and medias.depois_segundo = na_seguinte.segundo
),

-- The first and the last metres are not seen: how long they took follows from the speeds around them; the bus was not on its way
-- when it was seen before and after.
medidos as (
    select
        vistos.*,
        case
            when not do_terminal then saiu
            -- A bus that stood, moved, and then was silent had left.
            when saida_kmh > {{ parado }} and antes_da_saida_kmh <= {{ parado }}
                and visto_depois_da_saida - saiu > {{ var('viagem_silencio_no_fim_s') }} and saida_m <= 20
                then saiu
            -- A moving bus that then was off the path, or where it cannot be, was coming.
            when saida_kmh > {{ parado }} and visto_depois_da_saida < depois_segundo
                then greatest(
                    saiu,
                    coalesce(parado_antes_do_seguinte, 0),
                    depois_segundo - greatest(1, {{ seconds_to_drive('depois_m', 'depois_kmh', 'media_ms') }})
                )
            when saida_kmh > {{ parado }} and saida_m > 20
                then greatest(
                    saiu - {{ seconds_to_drive('saida_m', 'saida_kmh', 'media_ms') }}, coalesce(visto_antes, 0)
                )
            else {{ within_a_minute('saiu', saiu_antes_de, partida) }}
        end as partida,
        case
            when not ao_terminal then chegou
            -- After a silence, the first signal at the end is a better guess than the speed long before: the bus arrived, on
            -- average, half of the time between two signals earlier.
            when {{ silencio }} and comprimento_m - chegada_m <= 20 and visto_depois - chegou <= 60
                then chegou - (visto_depois - chegou) / 2.0
            when {{ silencio }} then chegou
            when chegada_kmh > {{ parado }} and comprimento_m - chegada_m > 20
                then least(
                    chegou + {{ seconds_to_drive('comprimento_m - chegada_m', 'chegada_kmh', 'media_ms') }},
                    coalesce(visto_depois, 9223372036854775807)
                )
            else {{ within_a_minute(chegou_depois_de, 'chegou', chegada) }}
        end as chegada
    from vistos
)
{%- endmacro %}
