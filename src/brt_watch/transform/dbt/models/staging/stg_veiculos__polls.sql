-- One row is a tick of a further feed: what became of the planned poll.
{{ config(enabled=target.type == 'postgres') }}

with final as (
    select
        feed,
        capturer,
        tick,
        captured_at,
        status,
        reason,
        records,
        rejects,
        signals,
        load_id
    from {{ source('brt', 'veiculos_poll') }}
)

select * from final
