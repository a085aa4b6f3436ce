-- One row is a station that a trip passes, with the estimated seconds of arrival and departure.
--
-- The speeds give how long the bus took from the last signal before the station, and from the station to the first one
-- after it. The rest of the time between the two is the dwell. Signals at the station narrow both.
{% set raio_m = var('passagem_na_estacao_m') %}

with tempos as (
    select
        momentos.*,
        {{ seconds_to_drive('distancia_m - antes_m', 'antes_kmh', 'media_ms') }} as ate_a_estacao_s,
        {{ seconds_to_drive('depois_m - distancia_m', 'depois_kmh', 'media_ms') }} as da_estacao_s,
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

-- Where the time is too short for both, it is divided between them.
livres as (
    select
        tempos.*,
        case
            when chegada_vista is null and ate_a_estacao_s + da_estacao_s > intervalo_s
                then antes_segundo + intervalo_s * ate_a_estacao_s / (ate_a_estacao_s + da_estacao_s)
            else antes_segundo + ate_a_estacao_s
        end as chegada_livre,
        case
            when chegada_vista is null and ate_a_estacao_s + da_estacao_s > intervalo_s
                then antes_segundo + intervalo_s * ate_a_estacao_s / (ate_a_estacao_s + da_estacao_s)
            else depois_segundo - da_estacao_s
        end as partida_livre
    from tempos
),

limitadas as (
    select
        livres.*,
        case
            when no_comeco then partida_da_viagem
            when no_fim then chegada_da_viagem
            when primeiro_m < distancia_m and primeiro_kmh > 3 then chegada_vista
            else least(chegada_livre, coalesce(chegada_vista, chegada_livre))
        end as chegada,
        case
            when no_comeco then partida_da_viagem
            when no_fim then chegada_da_viagem
            when ultimo_m > distancia_m and ultimo_kmh > 3 then partida_vista
            else greatest(partida_livre, coalesce(partida_vista, partida_livre))
        end as partida
    from livres
),

final as (
    select
        limitadas.*,
        case when partida < chegada then chegada else partida end as saida
    from limitadas
    where chegada is not null and partida is not null
)

select * from final
