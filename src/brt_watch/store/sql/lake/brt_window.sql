-- DuckDB: the windows of the lake with the columns of brt_window.
create or replace view {schema}.brt_window as
select
    min(load_id) as load_id,
    capturer,
    janela as "window",
    any_value(feed_url) as feed_url,
    any_value(code_version) as code_version,
    min(tick) as first_tick,
    max(tick) as last_tick,
    count(*) as polls,
    count(*) filter (where status in ('ok', 'late')) as good_polls,
    count(distinct date_trunc('minute', tick)) filter (where status in ('ok', 'late')) as captured_minutes,
    cast(sum(records) as bigint) as records,
    cast(sum(signals) as bigint) as signals,
    cast(sum(rejects) as bigint) as rejects
from read_parquet({files}, hive_partitioning = true, hive_types = {{'mes': varchar, 'feed': varchar}})
group by capturer, janela
