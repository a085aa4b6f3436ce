-- The newest load that the models were derived from.
select coalesce(max(load_id), 0) as load_id
from brt_transform
where transformed_at is not null
