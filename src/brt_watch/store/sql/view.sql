-- The user's view: the most recent signal of every vehicle.
select
    codigo,
    latitude,
    longitude,
    velocidade,
    datahora
from generate_view
order by codigo
