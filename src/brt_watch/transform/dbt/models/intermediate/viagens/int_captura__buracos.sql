-- One row is a gap in the capture on a service day that is rebuilt: too long without a good poll.
with boas as (
    select distinct
        {{ service_day('tick') }} as dia_operacao,
        tick
    from {{ ref('stg_brt__polls') }}
    where status in ('ok', 'late')
),

seguintes as (
    select
        dia_operacao,
        tick as de,
        lead(tick) over (order by tick) as ate
    from boas
    where dia_operacao in {{ changed_service_days() }}
),

final as (
    select
        dia_operacao,
        de,
        ate
    from seguintes
    where {{ seconds_between('de', 'ate') }} > {{ var('intervalo_buraco_segundos') }}
)

select * from final
