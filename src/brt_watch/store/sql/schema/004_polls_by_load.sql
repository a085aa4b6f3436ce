-- The polls of the newest loads are looked for after each load; without this all of the ledger is read for them.
create index brt_poll_load_id on brt_poll using brin (load_id) with (pages_per_range = 32);
