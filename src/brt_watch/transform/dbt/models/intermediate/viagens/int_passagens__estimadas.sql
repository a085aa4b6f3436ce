-- One row is a station that a trip passes, with the estimated seconds of arrival and departure.
--
-- The speeds give how long the bus takes from the last signal before the station, and from the station to the first one
-- after it. The rest of the time between the two is the dwell, up to a usual one: what is left beyond it, buses lose on their way,
-- before the station and after it. Signals at the station narrow both.
{% set raio_m = var('passagem_na_estacao_m') %}
{% set parada_s = var('passagem_parada_usual_s') %}

with tempos as (
    select
        momentos.*,
        {{ seconds_to_drive('distancia_m - antes_m', 'antes_kmh', 'media_ms') }} as ate_a_estacao_s,
        {{ seconds_to_drive('depois_m - distancia_m', 'depois_kmh', 'media_ms') }} as da_estacao_s,
        coalesce(primeiro_m < distancia_m and primeiro_kmh > 3, false) as entra,
        case
            when primeiro_m < distancia_m and primeiro_kmh > 3
                then primeiro_segundo + {{ seconds_to_drive('distancia_m - primeiro_m', 'primeiro_kmh', 'media_ms') }}
            else primeiro_segundo
        end as chegada_vista,
        case
            when ultimo_m > distancia_m and ultimo_kmh > 3
                then ultimo_segundo - {{ seconds_to_drive('ultimo_m - distancia_m', 'ultimo_kmh', 'media_ms') }}
            else ultimo_segundo
        end as partida_vista,
        cast(depois_segundo - antes_segundo as double precision) as intervalo_s,
        -- A trip that begins or ends on the way does so at the station, if it is there.
        case when do_terminal then ordem = 1 else antes_segundo is null and distancia_m <= de_m + {{ raio_m }} end as no_comeco,
        case when ao_terminal then ordem = estacoes else depois_segundo is null and distancia_m >= ate_m - {{ raio_m }} end as no_fim
    from {{ ref('int_passagens__momentos') }} as momentos
),

-- Where the time is too short for both, it is divided between them; so is what a silence leaves beyond a usual dwell.
divididas as (
    select
        tempos.*,
        ate_a_estacao_s / nullif(ate_a_estacao_s + da_estacao_s, 0) as parte_antes,
        case
            when chegada_vista is not null then 0
            else least(0, intervalo_s - ate_a_estacao_s - da_estacao_s)
                + greatest(0, intervalo_s - ate_a_estacao_s - da_estacao_s - {{ parada_s }})
        end as perdido_s
    from tempos
),

livres as (
    select
        divididas.*,
        antes_segundo + ate_a_estacao_s + coalesce(perdido_s * parte_antes, 0) as chegada_livre,
        depois_segundo - da_estacao_s - coalesce(perdido_s * (1 - parte_antes), 0) as partida_livre
    from divididas
),

-- A bus seen once, driving just before the station, comes or leaves: it leaves where it had time to stop before, and has none
-- after.
vistas as (
    select
        livres.*,
        coalesce(
            entra
            and ultimo_segundo = primeiro_segundo
            and partida_livre - chegada_vista < {{ var('passagem_saindo_depois_s') }}
            and chegada_vista - chegada_livre > {{ var('passagem_saindo_antes_s') }},
            false
        ) as ja_sai
    from livres
),

limitadas as (
    select
        vistas.*,
        case
            when no_comeco then partida_da_viagem
            when no_fim then chegada_da_viagem
            when entra and not ja_sai then chegada_vista
            else least(chegada_livre, coalesce(chegada_vista, chegada_livre))
        end as primeira_chegada,
        case
            when no_comeco then partida_da_viagem
            when no_fim then chegada_da_viagem
            when ja_sai then least(partida_livre, primeiro_segundo)
            when ultimo_m > distancia_m and ultimo_kmh > 3 then partida_vista
            else greatest(partida_livre, coalesce(partida_vista, partida_livre))
        end as partida
    from vistas
),

-- A stop that would be longer than usual began later, as a rule: the bus was held up on its last metres, or queued for the platform.
com_chegada as (
    select
        limitadas.*,
        case
            when no_comeco or no_fim or primeiro_segundo is null or (entra and not ja_sai) then primeira_chegada
            else primeira_chegada + {{ var('passagem_retida_fracao') }}
                * greatest(0, least(partida - primeira_chegada - {{ parada_s }}, primeiro_segundo - primeira_chegada))
        end as chegada
    from limitadas
),

final as (
    select
        com_chegada.*,
        case when partida < chegada then chegada else partida end as saida
    from com_chegada
    where chegada is not null and partida is not null
)

select * from final
