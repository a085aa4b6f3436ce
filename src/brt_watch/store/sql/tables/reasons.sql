-- DuckDB: how many rows were rejected, by reason.
select
    reason,
    count(*) as "rows"
from capturados
where reason is not null
group by reason
order by reason
