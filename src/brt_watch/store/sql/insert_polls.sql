-- The ledger of a window.
insert into brt_poll (
    capturer, tick, status, reason, detail, requested_at, captured_at, http_status, body_bytes, body_sha256, raw,
    records, rejects, newest_signal_at, median_age_seconds, alerts, load_id
)
select
    %(capturer)s, tick, status, reason, detail, requested_at, captured_at, http_status, body_bytes, body_sha256, raw,
    records, rejects, newest_signal_at, median_age_seconds, alerts, %(load_id)s
from polls_csv
on conflict do nothing
