-- One row is a vehicle as of the newest good poll: its most recent signal, how old that is, and whether it is in service.
--
-- The age follows the polls and not the signals, so that it grows while a frozen feed repeats itself.
{{ config(materialized='view') }}

with consulta as (
    {{ newest_good_poll() | indent(4) }}
),

idades as (
    select
        posicao.*,
        consulta.captured_at as consultado,
        case
            when posicao.datahora > consulta.captured_at then 0
            else {{ rounded(seconds_between('posicao.datahora', 'consulta.captured_at'), 1) }}
        end as segundos
    from {{ ref('posicao_atual') }} as posicao
    cross join consulta
),

situados as (
    select
        idades.*,
        case when segundos <= {{ var('fora_de_operacao_segundos') }} then status end as situacao
    from idades
),

final as (
    select
        codigo,
        coalesce(placa, '') as placa,
        servico as linha,
        case when sentido_informado in ('ida', 'volta') then sentido_informado end as sentido,
        case when sentido in ('ida', 'volta') then sentido end as sentido_estimado,
        flag_sentido_corrigido as sentido_corrigido,
        coalesce(trajeto, '') as trajeto,
        velocidade,
        coalesce(velocidade_estimada_10_min, velocidade, 0) as velocidade_media_10_min,
        {{ heading('direcao', 'velocidade') }} as direcao,
        ignicao,
        datahora,
        situacao as status,
        estacao_id,
        estacao_nome,
        distancia_estacao_m,
        {{ rounded('progresso_m', 1) }} as progresso_m,
        {{ rounded('desvio_m', 1) }} as desvio_m,
        latitude,
        longitude,
        segundos as idade_segundos,
        {{ age_class('segundos') }} as classe_idade,
        coalesce(
            servico != '' and segundos <= {{ var('em_silencio_segundos') }} and situacao != 'Parado garagem', false
        ) as em_servico,
        coalesce(datahora <= consultado and situacao != 'Parado garagem', false) as flag_publicavel,
        load_id
    from situados
)

select * from final
