-- What became of the ticks of some time; where several machines captured, a tick is as good as the best of them.
select distinct on (tick)
    tick,
    status,
    records,
    median_age_seconds
from brt_poll
where
    tick >= %(de)s
    and tick < %(ate)s
    and status <> 'recovered'
order by tick, case status when 'ok' then 3 when 'late' then 2 when 'failed' then 1 else 0 end desc
