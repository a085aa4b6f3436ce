-- One row is a station of a line and direction as of the newest good poll: what passed it last, how long ago, and the plan.
--
-- Where the capture has a hole since that passage, a bus may have passed unseen, and nothing is said of the time.
{{ config(materialized='view') }}

with buracos as (
    select coalesce(max(ate), 0) as ate
    from {{ ref('int_agora__buracos') }}
),

-- The cross join is the last one: DuckDB keeps views as text in which one before a left join binds otherwise.
estacoes as (
    select
        estacoes.linha,
        estacoes.sentido,
        estacoes.ordem,
        estacoes.estacao_id,
        estacoes.ordem < estacoes.estacoes as embarque,
        consulta.captured_at,
        buracos.ate as sem_buraco_desde
    from {{ ref('int_rede__estacoes') }} as estacoes
    inner join {{ ref('int_agora__consulta') }} as consulta
        on consulta.dia_operacao between estacoes.primeiro_dia and estacoes.ultimo_dia
    cross join buracos
),

medidas as (
    select
        estacoes.linha,
        estacoes.sentido,
        estacoes.ordem,
        estacoes.estacao_id,
        estacoes.embarque,
        ultimas.id_veiculo,
        ultimas.segundo,
        case
            when ultimas.segundo >= estacoes.sem_buraco_desde
                then greatest(0, {{ seconds_between(moment_of('ultimas.segundo'), 'estacoes.captured_at') }})
        end as segundos,
        case when estacoes.embarque then plano.intervalo_s end as previsto_s
    from estacoes
    left join {{ ref('int_agora__passagens') }} as ultimas
        on
            estacoes.linha = ultimas.linha
            and estacoes.sentido = ultimas.sentido
            and estacoes.ordem = ultimas.ordem
            and ultimas.recente_na_estacao = 1
    left join {{ ref('int_agora__plano') }} as plano on estacoes.linha = plano.linha
),

final as (
    select
        linha,
        sentido,
        cast(ordem as integer) as ordem,
        estacao_id,
        embarque,
        id_veiculo as codigo,
        {{ moment_of_tenth('segundo') }} as ultima_passagem,
        {{ rounded('segundos', 1) }} as segundos_sem_passar,
        cast(previsto_s as integer) as intervalo_previsto_segundos,
        {{ is_gap('segundos', 'previsto_s') }} as flag_lacuna
    from medidas
)

select * from final
