-- DuckDB: the polls of the lake with the columns of brt_poll, and the window of each (janela).
create or replace view {schema}.brt_poll as
select * exclude (feed, mes, feed_url, code_version)
from read_parquet({files}, hive_partitioning = true, hive_types = {{'mes': varchar, 'feed': varchar}})
