-- DuckDB: how much the ledger of the lake has.
select
    count(distinct (capturer, janela)) as windows,
    cast(sum(records) as bigint) as records,
    cast(sum(signals) as bigint) as signals,
    cast(sum(rejects) as bigint) as rejects,
    max(tick) as newest_tick
from brt_poll
