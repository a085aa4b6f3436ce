-- One row is a signal of a further feed, with the trip to which its operator assigns the vehicle.
{{ config(enabled=target.type == 'postgres') }}

with final as (
    select
        feed,
        codigo,
        datahora,
        coalesce(linha_da_rota, nullif(trim(linha), '')) as linha,
        sentido,
        latitude,
        longitude,
        velocidade,
        {{ json_text('extra', 'trip_id') }} as trip_id,
        {{ json_text('extra', 'route_id') }} as route_id,
        {{ json_text('extra', 'start_date') }} as start_date,
        {{ json_text('extra', 'start_time') }} as start_time,
        {{ json_text('extra', 'stop_id') }} as stop_id,
        {{ json_text('extra', 'current_status') }} as current_status,
        captured_at,
        load_id
    from {{ source('brt', 'veiculos_raw') }}
    {{ names_of_routes('linha') | indent(4) }}
)

select * from final
