-- DuckDB: the tick of the poll that captured the records of a moment.
create temp table polls as
select
    cast(captured_at as timestamp) as captured_at,
    max(cast(tick as timestamp)) as tick
from read_csv(
    {csv}, columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\r\n'
)
where cast(records as integer) > 0
group by captured_at
