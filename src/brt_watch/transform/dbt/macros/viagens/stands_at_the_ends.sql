{% macro stands_at_the_ends(places, paths) -%}
{#- The CTEs that put a bus that waits near an end of the path at that end: `no_terminal` has the places (percurso, segundo,
    metros, velocidade, no_rotulo) with the metres of the terminal. Buses wait beside the platform, often some hundred metres
    along the path; a traffic light is a shorter stop. Where the path turns round, a few metres of GPS error put a standing bus
    hundreds of metres along it, so a stand is judged by its place in the plane (leste_m, norte_m). A bus that stands for a moment
    far from the end and then drives on to it is in a queue. -#}
nas_pontas as (
    select
        places.percurso,
        places.segundo,
        coalesce(places.velocidade, 0) <= {{ var('velocidade_limiar_parado_kmh') }} as parado,
        case when places.metros <= {{ var('viagem_terminal_m') }} then 0 else paths.comprimento_m end as terminal_m,
        places.metros,
        places.leste_m,
        places.norte_m,
        max(places.metros) over (
            partition by places.percurso, places.metros <= {{ var('viagem_terminal_m') }}
            order by places.segundo range between current row and {{ var('viagem_espera_seguida_s') }} following
        ) as depois_m,
        lag(places.segundo) over ponta as segundo_anterior,
        lag(places.leste_m) over ponta as leste_anterior_m,
        lag(places.norte_m) over ponta as norte_anterior_m
    from {{ places }} as places
    inner join {{ paths }} as paths on places.percurso = paths.percurso
    where
        places.metros <= {{ var('viagem_terminal_m') }}
        or places.metros >= paths.comprimento_m - {{ var('viagem_terminal_m') }}
    window ponta as (
        partition by places.percurso, places.metros <= {{ var('viagem_terminal_m') }} order by places.segundo
    )
),

esperas as (
    select
        nas_pontas.*,
        sum(
            {{ begins_a_stand() | indent(12) }}
        ) over (partition by percurso, terminal_m order by segundo rows unbounded preceding) as espera
    from nas_pontas
),

longas as (
    select
        percurso,
        segundo,
        terminal_m,
        parado,
        max(metros) over espera as metros,
        max(depois_m) over espera as depois_m,
        max(case when parado then segundo end) over espera - min(case when parado then segundo end) over espera as dura_s
    from esperas
    window espera as (partition by percurso, terminal_m, espera)
),

no_terminal as (
    select
        places.percurso,
        places.segundo,
        coalesce(longas.terminal_m, places.metros) as metros,
        places.velocidade,
        places.no_rotulo
    from {{ places }} as places
    left join longas
        on
            places.percurso = longas.percurso
            and places.segundo = longas.segundo
            and longas.parado
            and longas.dura_s >= {{ var('viagem_espera_s') }}
            and not (
                longas.dura_s < {{ var('viagem_fila_s') }}
                and longas.metros < longas.terminal_m - {{ var('viagem_fila_m') }}
                and longas.depois_m >= longas.terminal_m - {{ var('viagem_parada_da_ponta_m') }}
            )
)
{%- endmacro %}
