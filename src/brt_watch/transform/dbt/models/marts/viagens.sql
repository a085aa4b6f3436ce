-- One row is a trip of a vehicle on a line in one direction, found from its movement: the feed names no trips.
--
-- Vehicle days in which something has changed are rebuilt from the last trip before which nothing can change.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([
        {'columns': ['id_veiculo', 'dia_operacao']},
        {'columns': ['dia_operacao', 'linha', 'sentido']},
        {'columns': ['derived_by']}
    ]),
    pre_hook="{{ plan_for_many_rows() }}",
    post_hook="{{ delete_after_the_cuts('partida') }}"
) }}

-- depends_on: {{ ref('int_viagens__dias') }}
with vizinhos as (
    select
        veiculo_dia,
        segundo,
        servico,
        lag(segundo) over dia as segundo_anterior,
        lag(servico) over dia as servico_anterior,
        lead(segundo) over dia as segundo_seguinte,
        lead(servico) over dia as servico_seguinte,
        lead(least(desvio_ida_m, desvio_volta_m)) over dia as desvio_seguinte_m
    from {{ ref('int_viagens__sinais') }}
    window dia as (partition by veiculo_dia order by segundo)
),

silencios as (
    select
        numero,
        max(segundo_seguinte - segundo) as maior_silencio_s
    from {{ ref('int_viagens__pontos') }}
    group by numero
),

passadas as (
    select
        id_viagem,
        count(*) as estacoes_passadas
    from {{ ref('int_passagens__estimadas') }}
    group by id_viagem
),

extremos as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        max(ordem) as estacoes,
        max(case when ordem = 1 then estacao_id end) as primeira_id,
        max(case when ordem = estacoes then estacao_id end) as ultima_id
    from {{ ref('int_rede__estacoes') }}
    group by linha, sentido, primeiro_dia, ultimo_dia
),

juntas as (
    select
        viagens.*,
        extremos.estacoes,
        extremos.primeira_id = extremos.ultima_id as circular,
        coalesce(passadas.estacoes_passadas, 0) as estacoes_passadas,
        coalesce(silencios.maior_silencio_s, 0) as maior_silencio_s,
        do_inicio.servico as linha_informada,
        do_inicio.segundo - do_inicio.segundo_anterior as silencio_antes_s,
        do_inicio.servico_anterior,
        do_fim.segundo_seguinte - do_fim.segundo as silencio_depois_s,
        do_fim.servico_seguinte,
        do_fim.desvio_seguinte_m
    from {{ ref('int_viagens__encontradas') }} as viagens
    inner join extremos
        on
            viagens.linha = extremos.linha
            and viagens.sentido = extremos.sentido
            and viagens.dia_operacao between extremos.primeiro_dia and extremos.ultimo_dia
    left join silencios on viagens.numero = silencios.numero
    left join passadas on viagens.id_viagem = passadas.id_viagem
    left join vizinhos as do_inicio
        on
            viagens.veiculo_dia = do_inicio.veiculo_dia
            and viagens.saiu = do_inicio.segundo
    left join vizinhos as do_fim
        on
            viagens.veiculo_dia = do_fim.veiculo_dia
            and viagens.chegou = do_fim.segundo
),

final as (
    select
        id_viagem,
        id_veiculo,
        dia_operacao,
        linha,
        sentido,
        linha_informada,
        {{ moment_of_tenth('partida') }} as partida,
        {{ moment_of_tenth('chegada') }} as chegada,
        {{ rounded('(ate_m - de_m) / 1000', 3) }} as distancia_km,
        {{ rounded('3.6 * (ate_m - de_m) / (chegada - partida)', 1) }} as velocidade_media_kmh,
        {{ rounded('(ate_m - de_m) / comprimento_m', 3) }} as cobertura,
        cast(estacoes_passadas as integer) as estacoes_passadas,
        cast(estacoes as integer) as estacoes_previstas,
        cast(sinais as integer) as sinais,
        cast(maior_silencio_s as integer) as maior_silencio_segundos,
        case
            when not (do_terminal and ao_terminal) then 'parcial'
            when circular then 'circular'
            else 'completa'
        end as tipo,
        rotulo < 0.5 as flag_linha_corrigida,
        outra_linha,
        case
            when outra_linha is not null or maior_silencio_s > {{ var('intervalo_max_desvio_segundos') }} then 'baixa'
            when rotulo < 0.9 or not (do_terminal and ao_terminal) or maior_silencio_s > 180 then 'média'
            else 'alta'
        end as confianca,
        case
            when do_terminal then 'terminal'
            when silencio_antes_s is null or silencio_antes_s > {{ var('em_silencio_segundos') }} then 'silêncio'
            when coalesce(servico_anterior, '') != linha then 'rótulo mudou'
            else 'no caminho'
        end as motivo_inicio,
        case
            when ao_terminal then 'terminal'
            when silencio_depois_s is null or silencio_depois_s > {{ var('em_silencio_segundos') }} then 'silêncio'
            when coalesce(servico_seguinte, '') != linha then 'rótulo mudou'
            when coalesce(desvio_seguinte_m > {{ var('viagem_buffer_m') }}, true) then 'saiu do trajeto'
            else 'meia-volta'
        end as motivo_fim,
        {{ derived_by() }} as derived_by
    from juntas
)

select * from final
