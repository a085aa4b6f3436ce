-- DuckDB: what a manifest says of the polls of a time.
select
    min(tick) as first_tick,
    max(tick) as last_tick,
    count(*) as polls,
    count(distinct date_trunc('minute', tick)) as captured_minutes,
    sum(records) as records,
    sum(rejects) as rejects
from polls
where captured_at >= {since} and captured_at < {until}
