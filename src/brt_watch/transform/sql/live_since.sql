-- The vehicles with new signals, and the oldest of these: from it on their rows are derived.
create or replace temp table desde as
select
    codigo,
    min(datahora) as desde
from novos
group by codigo
