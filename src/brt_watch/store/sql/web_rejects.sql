-- Why records were rejected in some time.
select
    reason,
    count(*)::integer as count
from brt_reject
where
    tick >= %(de)s
    and tick < %(ate)s
group by reason
order by count desc, reason
