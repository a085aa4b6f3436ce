-- DuckDB: web_not_derived on the ledger itself; the windows of years are slow to count together.
select min(tick) as desde
from brt_poll
where load_id > (select coalesce(max(load_id), 0) from brt_transform where transformed_at is not null)
