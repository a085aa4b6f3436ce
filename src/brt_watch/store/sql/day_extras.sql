-- The unknown fields of the signals, each text once a service day, with the sum of the keys that have it.
-- store/sql/lake/extras.sql is the same for the lake.
select
    ((datahora at time zone 'UTC') - interval '6 hours')::date::text as day,
    extra::text as extra,
    sum(('x' || left(md5(codigo || '|' || (extract(epoch from datahora) * 1000000)::bigint), 15))::bit(60)::bigint)::text
        as keys
from brt_raw
where capturer = any(%(capturers)s) and extra is not null
group by 1, 2
