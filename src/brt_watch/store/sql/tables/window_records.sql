-- DuckDB: the records of a time as lines of brt.csv.
select
    strftime(captured_at, '%Y-%m-%dT%H:%M:%S.%fZ') as captured_at,
    {columns}
from capturados
where reason is null and captured_at >= {since} and captured_at < {until}
order by capturados.captured_at, n
