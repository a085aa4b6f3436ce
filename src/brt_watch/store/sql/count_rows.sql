-- How many rows there are to move, by the ledger of loads.
select coalesce(sum(1 + polls + rejects + signals), 0)::bigint as "rows"
from brt_window
