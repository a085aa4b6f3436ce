-- The columns of each of the named tables that exists.
select
    table_name,
    array_agg(column_name) as columns
from information_schema.columns
where table_schema = ? and list_contains(?, table_name)
group by table_name
