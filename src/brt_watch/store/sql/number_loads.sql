-- Let the next load have the next number, after rows came with numbers of their own.
select setval(pg_get_serial_sequence('brt_window', 'load_id'), max(load_id))
from brt_window
having count(*) > 0
