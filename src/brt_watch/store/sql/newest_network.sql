-- The network of the newest transform.
select network_sha256
from brt_transform
where transformed_at is not null
order by transformed_at desc
limit 1
