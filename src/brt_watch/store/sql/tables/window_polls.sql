-- DuckDB: the polls of a time as lines of polls.csv. All files are complete before any poll counts.
-- A median holds all its values in memory, so it is that of a window and not of the whole table.
with medianas as (
    select
        captured_at,
        median(datahora) as median_ms
    from capturados
    where reason is null and captured_at >= {since} and captured_at < {until}
    group by captured_at
)

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
left join medianas using (captured_at)
where polls.captured_at >= {since} and polls.captured_at < {until}
order by polls.tick
