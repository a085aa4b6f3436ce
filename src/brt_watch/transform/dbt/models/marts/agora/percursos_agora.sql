-- One row is a line in one direction as of the newest good poll: its buses, its longest gap, and what a waiting bus should do.
--
-- Sorted by `gravidade` the direction that needs a controller most comes first.
{{ config(materialized='view') }}

with percursos as (
    select
        estacoes.linha,
        estacoes.sentido,
        max(estacoes.intervalo_previsto_segundos) as previsto_s,
        max(case when estacoes.ordem = 1 then estacoes.segundos_sem_passar end) as desde_a_partida_s
    from {{ ref('estacoes_agora') }} as estacoes
    group by estacoes.linha, estacoes.sentido
),

em_rota as (
    select
        linha,
        sentido,
        count(*) as onibus,
        sum(case when situacao = 'comboio' then 1 else 0 end) as comboios
    from {{ ref('intervalos_agora') }}
    group by linha, sentido
),

no_terminal as (
    select
        linha,
        coalesce(sentido_estimado, sentido) as rumo,
        count(*) as onibus
    from {{ ref('veiculos_agora') }}
    where em_servico and status = 'Parado terminal' and progresso_m < {{ var('viagem_terminal_m') }}
    group by linha, coalesce(sentido_estimado, sentido)
),

lacunas as (
    select
        linha,
        sentido,
        estacao_id,
        segundos_sem_passar,
        row_number() over (partition by linha, sentido order by segundos_sem_passar desc, ordem) as numero
    from {{ ref('estacoes_agora') }}
    where embarque and segundos_sem_passar is not null
),

medidos as (
    select
        percursos.linha,
        percursos.sentido,
        percursos.previsto_s,
        percursos.desde_a_partida_s,
        coalesce(em_rota.onibus, 0) as em_rota,
        coalesce(em_rota.comboios, 0) as comboios,
        coalesce(no_terminal.onibus, 0) as no_terminal,
        lacunas.estacao_id,
        lacunas.segundos_sem_passar,
        coalesce(lacunas.segundos_sem_passar / percursos.previsto_s, 0) as razao
    from percursos
    left join em_rota on percursos.linha = em_rota.linha and percursos.sentido = em_rota.sentido
    left join no_terminal on percursos.linha = no_terminal.linha and percursos.sentido = no_terminal.rumo
    left join lacunas
        on percursos.linha = lacunas.linha and percursos.sentido = lacunas.sentido and lacunas.numero = 1
),

final as (
    select
        linha,
        sentido,
        cast(em_rota as integer) as em_rota,
        cast(no_terminal as integer) as no_terminal,
        previsto_s as intervalo_previsto_segundos,
        cast(comboios as integer) as comboios,
        segundos_sem_passar as maior_intervalo_segundos,
        estacao_id,
        coalesce({{ is_gap('segundos_sem_passar', 'previsto_s') }}, false) and em_rota + no_terminal > 0 as flag_lacuna,
        case
            when no_terminal > 0 and previsto_s is not null and desde_a_partida_s is not null
                then {{ rounded('greatest(0, previsto_s - desde_a_partida_s)', 1) }}
        end as segurar_segundos,
        {{ rounded("razao + comboios * " ~ var('controle_peso_do_comboio'), 3) }} as gravidade
    from medidos
)

select * from final
