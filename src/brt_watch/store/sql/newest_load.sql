-- The newest load.
select coalesce(max(load_id), 0) as load_id
from brt_window
