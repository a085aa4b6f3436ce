-- The windows of a capturer: what the ledger of loads says of each, and what is really there.
select
    brt_window."window",
    brt_window.polls,
    brt_window.records,
    brt_window.rejects,
    brt_window.signals,
    (select count(*) from brt_poll where brt_poll.load_id = brt_window.load_id) as polls_there,
    (select coalesce(sum(brt_poll.records), 0)::bigint from brt_poll where brt_poll.load_id = brt_window.load_id)
        as records_there,
    (select count(*) from brt_reject where brt_reject.load_id = brt_window.load_id) as rejects_there,
    coalesce(signals_there.signals, 0) as signals_there
from brt_window
left join (select load_id, count(*) as signals from brt_raw group by load_id) as signals_there
    on signals_there.load_id = brt_window.load_id
where brt_window.capturer = %(capturer)s
order by brt_window.load_id
