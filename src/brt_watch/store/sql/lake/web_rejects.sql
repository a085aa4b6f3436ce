-- DuckDB: why records were rejected in some time, from the files of the windows that have rejects.
select
    reason,
    cast(count(*) as integer) as count
from read_csv({files}, header = true, all_varchar = true, max_line_size = 40000000, buffer_size = 40000000)
where
    cast(tick as timestamptz) >= {de}
    and cast(tick as timestamptz) < {ate}
group by reason
order by count desc, reason
