-- DuckDB: note how many signals of the lake each poll of the window saw first.
update ledger
set signals = vistos.signals
from (
    select
        tick,
        count(*) as signals
    from read_parquet({files})
    where capturer = {capturer} and tick in (select tick from ledger)
    group by tick
) as vistos
where ledger.tick = vistos.tick
