-- One row is a signal, in the terms of the API's answers about the past.
{{ config(materialized='view') }}

with final as (
    select
        timestamp_gps as datahora,
        id_veiculo as codigo,
        coalesce(placa, '') as placa,
        servico as linha,
        nullif(sentido_informado, '') as sentido,
        coalesce(trajeto, '') as trajeto,
        latitude,
        longitude,
        velocidade_instantanea as velocidade,
        direcao,
        ignicao,
        hodometro,
        case when sentido in ('ida', 'volta') then sentido end as sentido_estimado,
        progresso_m,
        desvio_m,
        velocidade_estimada_10_min as velocidade_media_10_min,
        status,
        qualidade,
        origem,
        {{ heading('direcao', 'velocidade_instantanea') }} as azimute
    from {{ ref('gps_brt') }}
)

select * from final
