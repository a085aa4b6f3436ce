-- DuckDB: when each answer was captured, estimated: its newest stamp with a crowd (a twentieth of the answer's stamps
-- within the 20 s up to it), or its newest. Fewer have clocks that are ahead.
create table respostas as
with carimbos as (
    select
        limites.inicio,
        registros.datahora,
        count(*) over (
            partition by limites.inicio
            order by registros.datahora
            range between 20000 preceding and current row
        ) as perto,
        count(*) over (partition by limites.inicio) as todos
    from registros
    asof inner join limites on registros.n >= limites.inicio
    where registros.datahora is not null
),

estimadas as (
    select
        inicio,
        make_timestamp_ms(
            coalesce(max(datahora) filter (where perto >= todos * {crowd}), max(datahora))
        ) as captured_at
    from carimbos
    group by inicio
)

select
    limites.inicio,
    -- Without a stamp of its own an answer came with the one before it in the file, or with the first.
    coalesce(
        last_value(estimadas.captured_at ignore nulls) over (order by limites.inicio),
        (select min(captured_at) from estimadas)
    ) as captured_at
from limites
left join estimadas using (inicio)
