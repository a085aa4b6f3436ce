-- DuckDB: the rows with the estimated moment of their answer.
create table capturados as
select
    registros.* exclude (captured_at),
    respostas.captured_at
from registros
asof inner join respostas on registros.n >= respostas.inicio
