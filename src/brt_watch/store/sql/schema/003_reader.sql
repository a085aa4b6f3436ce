-- Who serves the page reads as this role, which can do nothing else. A user who may not make roles does without it:
-- the web's session is read-only all the same.

do $$
begin
    if not exists (select from pg_roles where rolname = 'brt_watch_reader') then
        create role brt_watch_reader nologin;
    end if;
    execute format('grant brt_watch_reader to %I', current_user);
    execute format('grant usage on schema %I to brt_watch_reader', current_schema());
    execute format('grant select on all tables in schema %I to brt_watch_reader', current_schema());
    execute format('alter default privileges in schema %I grant select on tables to brt_watch_reader', current_schema());
exception
    -- Another database of the same server may make the role at this very moment.
    when insufficient_privilege or duplicate_object or unique_violation or internal_error then
        raise notice 'no role brt_watch_reader: %', sqlerrm;
end
$$;
