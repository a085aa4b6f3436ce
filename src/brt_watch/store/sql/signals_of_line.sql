-- The signals of a line, as learning a path needs them.
select
    codigo as vehicle,
    cast(extract(epoch from datahora) as double precision) as at,
    coalesce(sentido, '') as sentido,
    latitude,
    longitude,
    coalesce(velocidade, 0) as speed_kmh
from brt_raw
where linha = %(linha)s
order by codigo, datahora
