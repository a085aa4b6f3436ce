-- DuckDB: the rows with a moment of capture each. A row whose own is not readable keeps company with the one before it.
create table capturados as
select
    registros.* exclude (captured_at),
    coalesce(
        last_value(captured_at ignore nulls) over (order by n),
        (select min(captured_at) from registros)
    ) as captured_at
from registros
