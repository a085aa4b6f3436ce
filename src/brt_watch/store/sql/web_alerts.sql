-- The last troubles of some time, the newest first.
select
    tick,
    event,
    code,
    subject,
    detail,
    since
from brt_alert
where
    tick >= %(de)s
    and tick < %(ate)s
order by tick desc
limit 50
