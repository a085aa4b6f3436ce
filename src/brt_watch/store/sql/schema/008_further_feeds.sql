-- A further feed has these same tables in a schema of its own, named after it. The view joins the signals of all of
-- them; each new schema makes it again when it comes to this step.
do $$
declare
    parts text;
begin
    select string_agg(
        format('select %L::text as feed, brt_raw.* from %I.brt_raw', nspname, nspname), ' union all ' order by nspname
    )
    into parts
    from pg_namespace
    where nspname <> 'public' and nspname !~ '^pg_' and to_regclass(format('%I.brt_raw', nspname)) is not null;
    if parts is null and to_regclass('public.brt_raw') is not null then
        parts := 'select null::text as feed, brt_raw.* from public.brt_raw where false';
    end if;
    if parts is not null then
        execute 'create or replace view public.veiculos_raw as ' || parts;
        comment on view public.veiculos_raw is 'One row is a signal of a further feed (feed), as in its table brt_raw.';
    end if;
end
$$;
