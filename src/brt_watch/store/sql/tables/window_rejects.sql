-- DuckDB: the rejected rows of a time as lines of rejects.csv.
select
    strftime(polls.tick, '%Y-%m-%dT%H:%M:%S.%fZ') as tick,
    row_number() over (partition by polls.tick order by capturados.n) - 1 as position,
    capturados.reason,
    capturados.record
from capturados
inner join polls using (captured_at)
where capturados.reason is not null and captured_at >= {since} and captured_at < {until}
order by polls.tick, position
