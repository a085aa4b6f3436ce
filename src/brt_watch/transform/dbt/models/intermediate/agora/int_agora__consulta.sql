-- One row is the newest good poll, with the service day and the second of that day, counted from midnight.
with consulta as (
    {{ newest_good_poll() | indent(4) }}
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
