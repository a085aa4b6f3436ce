{% macro on_one_pass(places, paths) -%}
{#- The CTEs that choose between the passes of a path that comes by a place twice: `numa_passada` has the places (percurso, segundo,
    metros, velocidade, no_rotulo, leste_m, norte_m), each on the pass that is nearest, in the direction of travel, to the last
    place before it, or else to the first after it, where there is no choice. The heading of a moving bus leaves none between
    opposite passes. -#}
{%- set perto_s = var('viagem_espera_seguida_s') %}
repetidos as {{ materialized() }} (
    select
        paths.percurso,
        paths.comprimento_m as percurso_m,
        trechos.centena,
        trechos.inicio_m,
        trechos.comprimento_m,
        trechos.leste_m,
        trechos.norte_m,
        trechos.delta_leste_m,
        trechos.delta_norte_m,
        trechos.comprimento2_m2
    from {{ paths }} as paths
    inner join {{ ref('int_rede__trechos_repetidos') }} as trechos
        on
            paths.linha = trechos.linha
            and paths.sentido = trechos.sentido
            and paths.inicio_do_dia >= trechos.vale_de
            and paths.inicio_do_dia < trechos.vale_ate
),

outras_passadas as (
    select
        places.percurso,
        places.segundo,
        places.leste_m as sinal_leste_m,
        places.norte_m as sinal_norte_m,
        places.desvio_m,
        places.metros as metros_no_trajeto,
        repetidos.percurso_m,
        {{ foot_on_piece('places.leste_m', 'places.norte_m', 'repetidos') }}
    from {{ places }} as places
    inner join repetidos
        on places.percurso = repetidos.percurso and cast(floor(places.metros / 100) as bigint) = repetidos.centena
    where
        places.velocidade <= {{ var('velocidade_limiar_parado_kmh') }}
        or coalesce(sin(places.rumo) * repetidos.delta_leste_m + cos(places.rumo) * repetidos.delta_norte_m, 0) >= 0
    {{ join_first() }}
),

escolhas as (
    select
        percurso,
        segundo,
        inicio_m + fracao * comprimento_m as metros,
        row_number() over (
            partition by percurso, segundo
            order by {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'outras_passadas', 'fracao') }}, inicio_m
        ) as ordem
    from outras_passadas
    where
        abs(inicio_m + fracao * comprimento_m - metros_no_trajeto) > {{ var('passa_de_novo_adiante_m') }}
        and {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'outras_passadas', 'fracao') }}
        <= desvio_m + {{ var('passa_de_novo_m') }}
        -- Near an end both are the terminal.
        and greatest(inicio_m + fracao * comprimento_m, metros_no_trajeto) > {{ var('viagem_terminal_m') }}
        and least(inicio_m + fracao * comprimento_m, metros_no_trajeto) < percurso_m - {{ var('viagem_terminal_m') }}
),

com_escolha as (
    select distinct percurso
    from escolhas
    where ordem = 1
),

-- The second and the metres of the last certain place before, packed into one number, of which the largest is taken; the same after.
-- In columns of their own int_viagens__no_rotulo takes a third more: 1.4 instead of 1.0 s of processor time on DuckDB for two
-- hours (164,000 signals).
com_vizinhas as (
    select
        places.percurso,
        places.segundo,
        places.metros,
        places.velocidade,
        places.no_rotulo,
        places.leste_m,
        places.norte_m,
        escolhas.metros as outros_metros,
        max(case when escolhas.metros is null then cast(places.segundo as double precision) * 1000000 + places.metros end) over (
            partition by places.percurso order by places.segundo rows between unbounded preceding and 1 preceding
        ) as certa_antes,
        min(case when escolhas.metros is null then cast(places.segundo as double precision) * 1000000 + places.metros end) over (
            partition by places.percurso order by places.segundo desc rows between unbounded preceding and 1 preceding
        ) as certa_depois
    from {{ places }} as places
    inner join com_escolha on places.percurso = com_escolha.percurso
    left join escolhas
        on places.percurso = escolhas.percurso and places.segundo = escolhas.segundo and escolhas.ordem = 1
),

com_referencia as (
    select
        com_vizinhas.*,
        case
            when outros_metros is null then null
            when segundo - floor(certa_antes / 1000000) <= {{ perto_s }}
                then certa_antes - 1000000 * floor(certa_antes / 1000000)
            when floor(certa_depois / 1000000) - segundo <= {{ perto_s }}
                then certa_depois - 1000000 * floor(certa_depois / 1000000)
        end as referencia_m,
        case when segundo - floor(certa_antes / 1000000) <= {{ perto_s }} then 1 else -1 end as adiante
    from com_vizinhas
),

numa_passada as (
    select
        percurso,
        segundo,
        case
            when {{ metres_from_reference('outros_metros') }} < {{ metres_from_reference('metros') }} then outros_metros
            else metros
        end as metros,
        velocidade,
        no_rotulo,
        leste_m,
        norte_m
    from com_referencia
    union all
    select
        places.percurso,
        places.segundo,
        places.metros,
        places.velocidade,
        places.no_rotulo,
        places.leste_m,
        places.norte_m
    from {{ places }} as places
    left join com_escolha on places.percurso = com_escolha.percurso
    where com_escolha.percurso is null
)
{%- endmacro %}

{% macro metres_from_reference(metres) -%}
{#- Metres between a place on the path and the certain one (referencia_m), which lies before it in time (adiante = 1) or after it (-1);
    buses do not drive back, so a place behind the certain one counts as farther than any other. -#}
abs({{ metres }} - referencia_m)
+ case when adiante * ({{ metres }} - referencia_m) < -{{ var('viagem_recuo_m') }} then 1000000 else 0 end
{%- endmacro %}
