-- The signals that the table has of some moments.
select
    datahora,
    codigo
from brt_raw
where datahora = any(%s::timestamptz [])
