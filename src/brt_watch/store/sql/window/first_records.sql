-- DuckDB: the place of the first record of each signal (codigo, datahora) in a window.
create temp table primeiros as
select
    datahora,
    codigo,
    min(ordem) as ordem
from registros
group by datahora, codigo
