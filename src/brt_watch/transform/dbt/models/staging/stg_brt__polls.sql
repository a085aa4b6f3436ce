-- One row is a tick of a capturer: the outcome of the planned poll.
with final as (
    select
        capturer,
        tick,
        captured_at,
        status,
        reason,
        records,
        rejects,
        signals,
        load_id
    from {{ source('brt', 'brt_poll') }}
)

select * from final
