-- DuckDB: the place of each signal that brt_raw does not have yet, and the tick that brought it.
create or replace temp table novos as
select
    primeiros.ordem,
    polls.tick
from primeiros
inner join registros using (ordem)
left join polls using (captured_at)
anti join conhecidos on primeiros.datahora = conhecidos.datahora and primeiros.codigo = conhecidos.codigo
