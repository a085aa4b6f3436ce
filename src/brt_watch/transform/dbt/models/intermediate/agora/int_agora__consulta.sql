-- One row is the newest good poll, with the service day and the second of that day, counted from midnight.
with consulta as (
    select captured_at
    from {{ ref('stg_brt__polls') }}
    where status in ('ok', 'late')
    order by load_id desc, captured_at desc
    limit 1
),

dias as (
    select
        captured_at,
        {{ service_day('captured_at') }} as dia_operacao
    from consulta
),

final as (
    select
        captured_at,
        dia_operacao,
        {{ seconds_between(service_day_start('dia_operacao'), 'captured_at') }} + 3 * 3600 as segundo_do_dia
    from dias
)

select * from final
