-- What replaces or deletes a load looks for its rejects; without this all of them are read for it.
create index brt_reject_load_id on brt_reject using brin (load_id) with (pages_per_range = 32);
