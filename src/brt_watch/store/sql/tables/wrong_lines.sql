-- DuckDB: the lines of a CSV that have another number of fields than its header, between the rows that stand around them.
insert into registros by name
with linhas as (
    select
        line,
        any_value(csv_line) as csv_line
    from reject_errors
    group by line
)

select
    -- Behind the readable row before it: line 1 is the header.
    line - 1 - row_number() over (order by line) + row_number() over (order by line) / 1e9 + 0.0001 as n,
    'wrong_length' as reason,
    cast(to_json(csv_line) as varchar) as record
from linhas
