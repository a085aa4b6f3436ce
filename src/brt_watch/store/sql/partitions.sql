-- The parts of brt_raw: a month each, and what lies outside of all of them.
select pg_class.relname as part
from pg_inherits
inner join pg_class on pg_inherits.inhrelid = pg_class.oid
where pg_inherits.inhparent = 'brt_raw'::regclass
order by pg_class.relname
