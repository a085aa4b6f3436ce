-- Beside the signals of the further feeds (008_further_feeds) the views join their ledgers and the numbers of their loads.
do $$
declare
    known text[];
    parts text;
begin
    foreach known slice 1 in array array[['poll', 'known.*'], ['window', 'known.load_id, known.loaded_at']] loop
        select string_agg(
            format('select %L::text as feed, %s from %I.brt_%s as known', nspname, known[2], nspname, known[1]),
            ' union all ' order by nspname
        )
        into parts
        from pg_namespace
        where
            nspname <> 'public'
            and nspname !~ '^pg_'
            and to_regclass(format('%I.brt_%s', nspname, known[1])) is not null;
        if parts is null and to_regclass(format('public.brt_%s', known[1])) is not null then
            parts := format('select null::text as feed, %s from public.brt_%s as known where false', known[2], known[1]);
        end if;
        if parts is not null then
            execute format('create or replace view public.veiculos_%s as %s', known[1], parts);
        end if;
    end loop;
    if to_regclass('public.veiculos_poll') is not null then
        comment on view public.veiculos_poll is 'One row is a tick of a further feed (feed), as in its table brt_poll.';
        comment on view public.veiculos_window is 'One row is a window that was loaded of a further feed (feed).';
    end if;
end
$$;
