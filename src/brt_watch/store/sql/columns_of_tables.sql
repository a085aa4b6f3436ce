-- The columns of those of some tables that are there.
select
    table_name,
    array_agg(column_name::text) as columns
from information_schema.columns
where table_schema = current_schema and table_name = any(%(tables)s)
group by table_name
