-- Let the indexes by load know the pages that are new. They learn of them at a vacuum alone, and until then all of those
-- are read whatever load is asked for: late in a month those of days.
select brin_summarize_new_values(relid) as ranges
from pg_partition_tree('brt_raw_load_id')
where isleaf
union all
select brin_summarize_new_values('brt_poll_load_id') as ranges
union all
select brin_summarize_new_values('brt_reject_load_id') as ranges
