-- DuckDB: the rejected records of a window as rows of the lake.
create temp table rejeitados as
select
    {capturer} as capturer,
    {window} as janela,
    cast(tick as timestamptz) as tick,
    cast(position as integer) as position,
    reason,
    record,
    cast({load_id} as bigint) as load_id,
    strftime(cast(tick as timestamp), '%Y-%m') as mes
from read_csv(
    {csv}, columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\r\n', max_line_size = 40000000, buffer_size = 40000000
)
