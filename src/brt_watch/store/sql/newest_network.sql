-- The network of the newest transform.
select network_sha256
from brt_transform
order by transformed_at desc
limit 1
