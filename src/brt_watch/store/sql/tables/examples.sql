-- DuckDB: the first row that was rejected for each reason, and how many lines of another length stand before it.
with primeiras as (
    select
        reason,
        min(n) as n,
        min_by(record, n) as record
    from capturados
    where reason is not null
    group by reason
)

select
    primeiras.*,
    (select count(*) from capturados where reason = 'wrong_length' and n < primeiras.n) as lines_before
from primeiras
order by reason
