-- One row is a gap in the capture of the last hours: too long without a good poll, in epoch seconds.
with boas as (
    select distinct polls.tick
    from {{ ref('stg_brt__polls') }} as polls
    inner join {{ ref('int_agora__consulta') }} as consulta
        on polls.tick >= consulta.captured_at - {{ seconds(7200) }} and polls.tick <= consulta.captured_at
    where polls.status in ('ok', 'late')
),

seguintes as (
    select
        {{ epoch_seconds('tick') }} as de,
        {{ epoch_seconds('lead(tick) over (order by tick)') }} as ate
    from boas
),

final as (
    select
        de,
        ate
    from seguintes
    where ate - de > {{ var('intervalo_buraco_segundos') }}
)

select * from final
