-- One row is a signal of a vehicle.
with final as (
    select
        codigo,
        placa,
        linha,
        latitude,
        longitude,
        datahora,
        velocidade,
        id_migracao_trajeto,
        sentido,
        trajeto,
        hodometro,
        direcao,
        ignicao,
        captured_at,
        load_id,
        {{ seconds_between('captured_at', 'datahora') }} as adiantamento_segundos
    from {{ source('brt', 'brt_raw') }}
)

select * from final
