-- The records that broke a rule.
insert into brt_reject (capturer, tick, position, reason, record, load_id)
select %(capturer)s, tick, position, reason, record, %(load_id)s
from rejects_csv
on conflict do nothing
