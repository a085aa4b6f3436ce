-- DuckDB: the new signals as rows of brt_raw, in the order of capture.
select
    {columns},
    registros.captured_at,
    novos.tick,
    {capturer} as capturer,
    cast({load_id} as bigint) as load_id
from registros
inner join novos using (ordem)
