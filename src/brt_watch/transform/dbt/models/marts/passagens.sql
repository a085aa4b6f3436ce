-- One row is a station that a vehicle passes on a trip: when it arrived and left, and how sure that is.
--
-- Vehicle days in which something has changed are rebuilt from the last trip before which nothing can change.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([
        {'columns': ['id_veiculo', 'dia_operacao']},
        {'columns': ['dia_operacao', 'linha', 'sentido', 'estacao_id']},
        {'columns': ['derived_by']}
    ]),
    pre_hook="{{ plan_for_many_rows() }}",
    post_hook="{{ delete_without_trips() }}"
) }}

-- depends_on: {{ ref('int_viagens__dias') }} {{ ref('viagens') }}
with estimadas as (
    select
        estimadas.*,
        (ordem = 1 and do_terminal) or (ordem = estacoes and ao_terminal) as no_terminal,
        primeiro_segundo is not null as vista,
        coalesce(primeiro_segundo, partida) - antes_segundo as espaco_da_chegada_s,
        depois_segundo - coalesce(ultimo_segundo, chegada) as espaco_da_partida_s
    from {{ ref('int_passagens__estimadas') }} as estimadas
),

duvidas as (
    select
        estimadas.*,
        case
            when no_terminal and ordem = 1 then {{ var('passagem_duvida_no_inicio_s') }}
            when no_terminal then {{ var('passagem_duvida_no_fim_s') }}
            else {{ arrival_doubt_s('vista', 'espaco_da_chegada_s') }}
        end as duvida_da_chegada_s,
        case
            when no_terminal and ordem = 1 then {{ var('passagem_duvida_no_inicio_s') }}
            when no_terminal then {{ var('passagem_duvida_no_fim_s') }}
            else {{ departure_doubt_s('vista', 'espaco_da_partida_s') }}
        end as duvida_da_partida_s
    from estimadas
),

final as (
    select
        id_viagem,
        id_veiculo,
        dia_operacao,
        linha,
        sentido,
        cast(ordem as integer) as ordem,
        estacao_id,
        {{ moment_of_tenth('chegada') }} as chegada,
        {{ moment_of_tenth('saida') }} as partida,
        {{ rounded('saida - chegada', 1) }} as parada_segundos,
        {{ rounded('duvida_da_chegada_s', 1) }} as incerteza_chegada_segundos,
        {{ rounded('duvida_da_partida_s', 1) }} as incerteza_partida_segundos,
        case when no_terminal then 'terminal' when vista then 'na estação' else 'entre sinais' end as metodo,
        {{ derived_by() }} as derived_by
    from duvidas
)

select * from final
