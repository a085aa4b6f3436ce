-- Spark: the signals of the lake with the columns of brt_raw, and the service day that names their folder.
-- store/sql/lake/brt_raw.sql is the same for DuckDB.
select
    * except (latitude, longitude, latitude_exata, longitude_exata, feed),
    coalesce(latitude_exata, cast(latitude as double)) as latitude,
    coalesce(longitude_exata, cast(longitude as double)) as longitude
from sinais
