-- Partitions for the months of the capture, and a month ahead. Stamps of other months go to brt_raw_outside.
select brt_ensure_month(month)
from (
    select date_trunc('month', captured_at, 'UTC') as month from polls_csv where captured_at is not null
    union
    select date_trunc('month', captured_at, 'UTC') + interval '1 month' from polls_csv where captured_at is not null
) as months
order by month
