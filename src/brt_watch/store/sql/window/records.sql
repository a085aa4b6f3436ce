-- DuckDB: every record of a window, in the order of capture, with the columns of brt_raw.
-- In the CSV an empty field is null and "" is an empty text.
create temp table registros as
select
    row_number() over () as ordem,
    {stored},
    captured_at
from read_csv(
    {csv}, columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\r\n', nullstr = '', allow_quoted_nulls = false, max_line_size = {longest}, buffer_size = {longest}
)
