{% macro seconds_to_drive(metres, speed_kmh, mean_ms) -%}
{#- Seconds that a bus takes for the metres before a stop, or after one, given the speed at their other end: while it brakes or
    speeds up, twice the time of an even speed; farther away, first at that speed; on long ways at the mean speed of the
    trip. -#}
(
    case
        when ({{ metres }}) <= 0 then 0
        when ({{ metres }}) > {{ var('viagem_longe_do_fim_m') }} then ({{ metres }}) / {{ mean_ms }}
        when ({{ speed_kmh }}) > 3
            and power(({{ speed_kmh }}) / 3.6, 2) >= 2 * {{ var('aceleracao_ms2') }} * ({{ metres }})
            then 2 * ({{ metres }}) / (({{ speed_kmh }}) / 3.6)
        when ({{ speed_kmh }}) > 10
            then ({{ metres }}) / (({{ speed_kmh }}) / 3.6) + ({{ speed_kmh }}) / 3.6 / (2 * {{ var('aceleracao_ms2') }})
        else 2 * sqrt(greatest(0, ({{ metres }})) / {{ var('aceleracao_ms2') }})
    end
)
{%- endmacro %}

{% macro measured_advances(advances, paths) -%}
{#- The CTEs that measure advances (macro advances) on paths: `medidos` has one row an advance of at least viagem_minimo_m,
    with its place on the path, when the bus left the start and when it reached the end. -#}
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
        lag(velocidade) over seguida as velocidade_anterior
    from avancos
    inner join grandes
        on avancos.percurso = grandes.percurso and avancos.inicio = grandes.inicio
    window seguida as (partition by avancos.percurso, avancos.inicio order by segundo)
),

-- Before the trip the bus may wait a little way down the path, and after it the last metres may be a queue.
momentos as (
    select
        extremos.*,
        percursos.comprimento_m,
        max(
            case
                when
                    metros <= de_m + 20
                    or (metros <= de_m + 100 and de_m <= {{ var('distancia_limiar_parada_m') }} and velocidade <= 3)
                    then segundo
            end
        ) over avanco as saiu,
        max(case when metros < ate_m - 20 and velocidade > 5 then segundo end) over avanco as ultimo_andando,
        min(case when metros >= ate_m - 20 then segundo end) over avanco as no_fim
    from extremos
    inner join {{ paths }} as percursos on extremos.percurso = percursos.percurso
    window avanco as (partition by extremos.percurso, inicio)
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
            when ate_m < comprimento_m - 60 or no_fim - ultimo_andando > 150 then least(no_fim, coalesce(parou, no_fim))
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
        avg(case when segundo between saiu and chegou then cast(no_rotulo as double precision) end) as rotulo,
        sum(case when segundo > saiu and segundo < chegou and velocidade <= 3 then 1 else 0 end) as parados,
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

-- The first and the last metres are not observed: their time follows from the speeds around them.
medidos as (
    select
        medias.*,
        percursos.veiculo_dia,
        percursos.id_veiculo,
        percursos.dia_operacao,
        percursos.bloco,
        percursos.linha,
        percursos.sentido,
        de_m <= {{ var('viagem_terminal_m') }} as do_terminal,
        ate_m >= medias.comprimento_m - {{ var('viagem_terminal_m') }} as ao_terminal,
        case
            when de_m > {{ var('distancia_limiar_parada_m') }} then saiu
            when saida_kmh > 3 and saida_m > 20
                then saiu - {{ seconds_to_drive('saida_m', 'saida_kmh', 'media_ms') }}
            else greatest(
                saiu,
                depois_segundo - greatest(1, {{ seconds_to_drive('depois_m', 'depois_kmh', 'media_ms') }})
            )
        end as partida,
        case
            when ate_m < medias.comprimento_m - {{ var('viagem_terminal_m') }} then chegou
            -- After a silence, the first signal at the end is a better guess than the speed long before.
            when chegou - antes_segundo > {{ var('viagem_silencio_no_fim_s') }} then chegou
            when chegada_kmh > 3 and medias.comprimento_m - chegada_m > 20
                then chegou + {{ seconds_to_drive('medias.comprimento_m - chegada_m', 'chegada_kmh', 'media_ms') }}
            else least(
                chegou,
                antes_segundo + {{ seconds_to_drive('medias.comprimento_m - antes_m', 'antes_kmh', 'media_ms') }}
            )
        end as chegada
    from medias
    inner join {{ paths }} as percursos on medias.percurso = percursos.percurso
)
{%- endmacro %}
