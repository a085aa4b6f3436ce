-- DuckDB: the unknown fields of the signals, each text once a service day, with the sum of the keys that have it.
-- store/sql/day_extras.sql is the same for Postgres.
select
    cast(cast(datahora - interval '6 hours' as date) as varchar) as day,
    extra,
    cast(sum(cast('0x' || left(md5(codigo || '|' || epoch_us(datahora)), 15) as bigint)) as varchar) as keys
from brt_raw
where capturer in ({capturers}) and tick is not null and extra is not null
group by 1, 2
