-- How old the position of each vehicle in generate_view was when the newest loaded poll came, against what was sent.
with last_poll as (
    select max(captured_at) as captured_at
    from brt_poll
    where status in ('ok', 'late')
),

newest as (
    select
        sinais.codigo,
        max(sinais.datahora) as datahora
    from sinais
    inner join last_poll on sinais.recebido <= last_poll.captured_at
    group by sinais.codigo
)

select
    count(*) as vehicles,
    count(*) filter (where generate_view.datahora = newest.datahora) as up_to_date,
    coalesce(
        percentile_cont(0.95) within group (order by extract(epoch from newest.datahora - generate_view.datahora)), 0
    )::double precision as p95_behind_seconds
from newest
left join generate_view on newest.codigo = generate_view.codigo
