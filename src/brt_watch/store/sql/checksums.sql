-- The sum of a hash of every row, whatever the order.
select
    'brt_window' as "table",
    count(*) as "rows",
    coalesce(sum(hashtextextended((to_jsonb(brt_window) - 'load_id' - 'loaded_at' - 'code_version')::text, 0)), 0)::text
        as "checksum"
from brt_window
union all
select
    'brt_poll' as "table",
    count(*) as "rows",
    coalesce(sum(hashtextextended((to_jsonb(brt_poll) - 'load_id' - 'loaded_at' - 'code_version')::text, 0)), 0)::text
        as "checksum"
from brt_poll
union all
select
    'brt_reject' as "table",
    count(*) as "rows",
    coalesce(sum(hashtextextended((to_jsonb(brt_reject) - 'load_id' - 'loaded_at' - 'code_version')::text, 0)), 0)::text
        as "checksum"
from brt_reject
union all
select
    'brt_raw' as "table",
    count(*) as "rows",
    coalesce(sum(hashtextextended((to_jsonb(brt_raw) - 'load_id' - 'loaded_at' - 'code_version')::text, 0)), 0)::text
        as "checksum"
from brt_raw
