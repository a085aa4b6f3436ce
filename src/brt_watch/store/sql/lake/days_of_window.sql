-- DuckDB: the files that hold signals which a window brought.
select distinct filename
from read_parquet({files}, filename = true)
where capturer = {capturer} and tick in (select tick from ledger)
