-- DuckDB: brt_reject of a lake without a rejected record.
create or replace view {schema}.brt_reject as
select
    cast(null as varchar) as capturer,
    cast(null as varchar) as janela,
    cast(null as timestamptz) as tick,
    cast(null as integer) as position,
    cast(null as varchar) as reason,
    cast(null as varchar) as record,
    cast(null as bigint) as load_id
where false
