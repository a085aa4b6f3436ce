-- DuckDB: the windows of a capturer in the lake, what their ledger says, and how many signals and rejects are there.
with sinais as (
    select
        tick,
        count(*) as signals
    from brt_raw
    where capturer = {capturer}
    group by tick
),

rejeitados as (
    select
        tick,
        count(*) as rejects
    from brt_reject
    where capturer = {capturer}
    group by tick
)

select
    brt_poll.janela,
    count(*) as polls,
    cast(sum(brt_poll.records) as bigint) as records,
    cast(sum(brt_poll.rejects) as bigint) as rejects,
    cast(sum(brt_poll.signals) as bigint) as signals,
    cast(coalesce(sum(sinais.signals), 0) as bigint) as signals_there,
    cast(coalesce(sum(rejeitados.rejects), 0) as bigint) as rejects_there,
    min(brt_poll.load_id) as load_id
from brt_poll
left join sinais using (tick)
left join rejeitados using (tick)
where brt_poll.capturer = {capturer}
group by brt_poll.janela
