-- The first moment of what is loaded and not derived yet; null when everything is.
select min(first_tick) as desde
from brt_window
where load_id > (select coalesce(max(load_id), 0) from brt_transform where transformed_at is not null)
