-- The windows of a capturer: what the ledger of loads says of each, and what is really there.
select
    brt_window."window",
    brt_window.polls,
    brt_window.records,
    brt_window.rejects,
    brt_window.signals,
    coalesce(polls_there.polls, 0) as polls_there,
    coalesce(polls_there.records, 0) as records_there,
    coalesce(rejects_there.rejects, 0) as rejects_there,
    coalesce(signals_there.signals, 0) as signals_there
from brt_window
left join (select load_id, count(*) as polls, sum(records) as records from brt_poll group by load_id) as polls_there
    on brt_window.load_id = polls_there.load_id
left join (select load_id, count(*) as rejects from brt_reject group by load_id) as rejects_there
    on brt_window.load_id = rejects_there.load_id
left join (select load_id, count(*) as signals from brt_raw group by load_id) as signals_there
    on brt_window.load_id = signals_there.load_id
where brt_window.capturer = %(capturer)s
order by brt_window.load_id
