-- DuckDB: the signals that brt_raw has already.
create temp table conhecidos as
select *
from read_csv(
    {csv}, columns = {{'datahora': 'TIMESTAMP', 'codigo': 'VARCHAR'}}, header = false, auto_detect = false, delim = ',',
    quote = '"', escape = '"', new_line = '\n'
)
