-- How each day in the city was captured, by its minutes.
with ticks as (
    select
        tick,
        max(case when status in ('ok', 'late') then 1 else 0 end) as boa
    from brt_poll
    where
        tick >= %(de)s
        and tick < %(ate)s
        and status <> 'recovered'
    group by tick
),

minutos as (
    select
        date_trunc('minute', tick) as minuto,
        count(*) as previstas,
        sum(boa) as boas
    from ticks
    group by date_trunc('minute', tick)
)

select
    cast(cast(minuto at time zone %(fuso)s as date) as text) as dia,
    sum(boas)::integer as boas,
    sum(previstas)::integer as previstas,
    sum(case when boas = previstas then 1 else 0 end)::integer as minutos_bons,
    sum(case when boas > 0 and boas < previstas then 1 else 0 end)::integer as minutos_parciais,
    sum(case when boas = 0 then 1 else 0 end)::integer as minutos_perdidos
from minutos
group by dia
order by dia
