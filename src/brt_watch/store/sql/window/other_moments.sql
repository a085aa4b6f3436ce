-- DuckDB: the moments of signals that were not sent between the first and the last poll of the window.
select distinct datahora
from registros
where
    not datahora between
    (select min(captured_at) from registros) and (select max(captured_at) from registros)
