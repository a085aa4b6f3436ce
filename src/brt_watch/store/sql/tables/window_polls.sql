-- DuckDB: the polls of a time as lines of polls.csv. All files are complete before any poll counts.
select
    strftime(tick, '%Y-%m-%dT%H:%M:%S.%fZ') as tick,
    'ok' as status,
    '' as reason,
    '' as detail,
    strftime(captured_at, '%Y-%m-%dT%H:%M:%S.%fZ') as requested_at,
    strftime(captured_at, '%Y-%m-%dT%H:%M:%S.%fZ') as captured_at,
    null as http_status,
    null as body_bytes,
    '' as body_sha256,
    '' as raw,
    records,
    rejects,
    strftime(make_timestamp_ms(newest_ms), '%Y-%m-%dT%H:%M:%S.%fZ') as newest_signal_at,
    round(epoch(polls.captured_at) - median_ms / 1000, 1) as median_age_seconds,
    null as alerts,
    {csv_bytes} as csv_bytes,
    {rejects_bytes} as rejects_bytes
from polls
where polls.captured_at >= {since} and polls.captured_at < {until}
order by polls.tick
