-- DuckDB: one row is a poll: a moment of capture with its tick (the second, unless several share it) and its counts.
create table polls as
select
    captured_at,
    if(
        count(*) over (partition by date_trunc('second', captured_at)) = 1,
        date_trunc('second', captured_at),
        captured_at
    ) as tick,
    count(*) filter (where reason is null) as records,
    count(*) filter (where reason is not null) as rejects,
    max(datahora) filter (where reason is null) as newest_ms
from capturados
group by captured_at
order by captured_at
