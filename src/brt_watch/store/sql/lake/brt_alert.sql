-- DuckDB: the troubles in the ledger of the lake with the columns of brt_alert.
create or replace view {schema}.brt_alert as
select
    tick,
    capturer,
    alerta ->> 'event' as event,
    alerta ->> 'code' as code,
    alerta ->> 'subject' as subject,
    alerta ->> 'detail' as detail,
    cast(alerta ->> 'since' as timestamptz) as since
from (
    select
        tick,
        capturer,
        unnest(cast(alerts as json[])) as alerta
    from read_parquet({files}, hive_partitioning = true, hive_types = {{'mes': varchar, 'feed': varchar}})
    where alerts is not null
) as alertas
