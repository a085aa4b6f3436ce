-- One row is a vehicle on its way along its line as of the newest good poll, and how long after the one before it comes.
--
-- The headway is that at the station that it passed last; it is unknown where the capture has a hole in it.
{{ config(materialized='view') }}

with veiculos as (
    select
        codigo,
        linha,
        coalesce(sentido_estimado, sentido) as rumo,
        progresso_m
    from {{ ref('veiculos_agora') }}
    where
        classe_idade = 'ao vivo'
        and desvio_m <= {{ var('viagem_desvio_m') }}
        and status not in ('Parado terminal', 'Parado garagem')
),

-- A bus that is before the station that it passed last has begun another trip.
ultimas as (
    select
        passagens.id_veiculo,
        passagens.linha,
        passagens.sentido,
        passagens.estacao_id,
        passagens.intervalo_s,
        estacoes.distancia_m
    from {{ ref('int_agora__passagens') }} as passagens
    inner join {{ ref('int_rede__estacoes') }} as estacoes
        on
            passagens.linha = estacoes.linha
            and passagens.sentido = estacoes.sentido
            and passagens.ordem = estacoes.ordem
    inner join {{ ref('int_agora__consulta') }} as consulta
        on consulta.dia_operacao between estacoes.primeiro_dia and estacoes.ultimo_dia
    where passagens.recente_do_veiculo = 1
),

medidos as (
    select
        veiculos.codigo,
        veiculos.linha,
        veiculos.rumo,
        veiculos.progresso_m,
        ultimas.estacao_id,
        ultimas.intervalo_s,
        plano.intervalo_s as previsto_s
    from veiculos
    left join ultimas
        on
            veiculos.codigo = ultimas.id_veiculo
            and veiculos.linha = ultimas.linha
            and veiculos.rumo = ultimas.sentido
            and veiculos.progresso_m >= ultimas.distancia_m - {{ var('previsao_na_estacao_m') }}
    left join {{ ref('int_agora__plano') }} as plano on veiculos.linha = plano.linha
    where veiculos.rumo is not null and veiculos.progresso_m is not null
),

final as (
    select
        codigo,
        linha,
        rumo as sentido,
        progresso_m,
        estacao_id,
        {{ rounded('intervalo_s', 1) }} as intervalo_segundos,
        cast(previsto_s as integer) as intervalo_previsto_segundos,
        case
            when {{ is_bunched('intervalo_s', 'previsto_s') }} then 'comboio'
            when {{ is_gap('intervalo_s', 'previsto_s') }} then 'lacuna'
            when intervalo_s is not null and previsto_s is not null then 'normal'
        end as situacao
    from medidos
)

select * from final
