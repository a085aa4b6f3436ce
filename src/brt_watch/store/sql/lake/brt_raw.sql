-- DuckDB: the signals of the lake with the columns of brt_raw, and the service day that names their folder.
create or replace view {schema}.brt_raw as
select
    * exclude (latitude, longitude, latitude_exata, longitude_exata, feed),
    coalesce(latitude_exata, cast(latitude as double)) as latitude,
    coalesce(longitude_exata, cast(longitude as double)) as longitude
from read_parquet({files}, hive_partitioning = true, hive_types = {{'data': date, 'feed': varchar}})
