-- DuckDB: the rejected records of the lake with the columns of brt_reject, and the window of each (janela).
create or replace view {schema}.brt_reject as
select * exclude (feed, mes)
from read_parquet({files}, hive_partitioning = true, hive_types = {{'mes': varchar, 'feed': varchar}})
