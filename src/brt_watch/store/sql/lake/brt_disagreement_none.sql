-- DuckDB: brt_disagreement of a lake without any.
create or replace view {schema}.brt_disagreement as
select
    cast(null as timestamptz) as datahora,
    cast(null as varchar) as codigo,
    cast(null as bigint) as load_id,
    cast(null as json) as record
where false
