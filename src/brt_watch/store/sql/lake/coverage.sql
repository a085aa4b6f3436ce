-- DuckDB: the minutes of a service day in which at least one poll was good.
select count(distinct date_trunc('minute', tick)) as captured_minutes
from brt_poll
where status in ('ok', 'late') and tick >= timestamptz {begin} and tick < timestamptz {end}
