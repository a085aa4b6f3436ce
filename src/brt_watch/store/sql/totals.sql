-- What the database holds, by its ledgers.
select
    count(*) as windows,
    coalesce(sum(records), 0)::bigint as records,
    coalesce(sum(signals), 0)::bigint as signals,
    coalesce(sum(rejects), 0)::bigint as rejects,
    max(last_tick) as newest_tick,
    max(loaded_at) as loaded_at,
    (select max(transformed_at) from brt_transform) as transformed_at,
    coalesce(max(load_id), 0) as load_id,
    coalesce((select max(load_id) from brt_transform where transformed_at is not null), 0) as transformed_load_id
from brt_window
