{% macro follows(before_second, before_m, second, metres) -%}
{#- Whether a bus that was at one place of a path can be at another one later on the same trip: no further back than
    GPS error allows, and no faster than a bus can drive. -#}
(
    {{ second }} - {{ before_second }} <= {{ var('viagem_silencio_segundos') }}
    and {{ metres }} >= {{ before_m }} - {{ var('viagem_recuo_m') }}
    and {{ metres }} - {{ before_m }}
    <= {{ var('viagem_maximo_ms') }} * ({{ second }} - {{ before_second }}) + {{ var('viagem_folga_m') }}
)
{%- endmacro %}

{% macro advances(places) -%}
{#- The CTEs that cut places on paths (percurso, segundo, metros, velocidade, no_rotulo) into advances: stretches in which
    a vehicle goes forward on a path. `percurso` is the number of a vehicle, a day and a path. The result, `avancos`, has
    the places with `inicio`, the second of the first place of the advance that each belongs to.

    A place that fewer than half of the three before and the three after agree with, as far as they are near in time, is an
    error and left out. -#}
vizinhos as (
    select
        {{ places }}.*
        {%- for k in [1, 2, 3] %},
        lag(segundo, {{ k }}) over percurso as segundo_antes_{{ k }},
        lag(metros, {{ k }}) over percurso as metros_antes_{{ k }},
        lead(segundo, {{ k }}) over percurso as segundo_depois_{{ k }},
        lead(metros, {{ k }}) over percurso as metros_depois_{{ k }}
        {%- endfor %}
    from {{ places }}
    window percurso as (partition by percurso order by segundo)
),

coerentes as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        lag(segundo) over percurso as segundo_anterior,
        lag(metros) over percurso as metros_anteriores,
        lead(segundo) over percurso as segundo_seguinte,
        lead(metros) over percurso as metros_seguintes
    from vizinhos
    where
        2 * (
            0
            {%- for k in [1, 2, 3] %}
            + case
                when
                    segundo - segundo_antes_{{ k }} <= {{ var('viagem_vizinho_segundos') }}
                    and {{ follows('segundo_antes_' ~ k, 'metros_antes_' ~ k, 'segundo', 'metros') }}
                    then 1
                else 0
            end
            + case
                when
                    segundo_depois_{{ k }} - segundo <= {{ var('viagem_vizinho_segundos') }}
                    and {{ follows('segundo', 'metros', 'segundo_depois_' ~ k, 'metros_depois_' ~ k) }}
                    then 1
                else 0
            end
            {%- endfor %}
        ) >= (
            0
            {%- for k in [1, 2, 3] %}
            + case when segundo - segundo_antes_{{ k }} <= {{ var('viagem_vizinho_segundos') }} then 1 else 0 end
            + case when segundo_depois_{{ k }} - segundo <= {{ var('viagem_vizinho_segundos') }} then 1 else 0 end
            {%- endfor %}
        )
    window percurso as (partition by percurso order by segundo)
),

-- Of two places that contradict each other, both pass where the ones around them agree with either: a place whose neighbours
-- follow on one another and not on it is an error too.
sem_saltos as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        lag(segundo) over percurso as segundo_anterior,
        lag(metros) over percurso as metros_anteriores
    from coerentes
    where
        not coalesce(
            segundo_seguinte - segundo_anterior <= {{ var('viagem_vizinho_segundos') }}
            and {{ follows('segundo_anterior', 'metros_anteriores', 'segundo_seguinte', 'metros_seguintes') }}
            and not (
                {{ follows('segundo_anterior', 'metros_anteriores', 'segundo', 'metros') }}
                and {{ follows('segundo', 'metros', 'segundo_seguinte', 'metros_seguintes') }}
            ),
            false
        )
    window percurso as (partition by percurso order by segundo)
),

avancos as (
    select
        percurso,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        max(
            case
                when {{ follows('segundo_anterior', 'metros_anteriores', 'segundo', 'metros') }} then null
                else segundo
            end
        ) over (partition by percurso order by segundo rows unbounded preceding) as inicio
    from sem_saltos
)
{%- endmacro %}
