-- What the new signals are derived from: of each vehicle that sent one, the signals since {alcance} seconds before its oldest new
-- one, and the last before those, among the credible ones and among the others (gps_brt leaves the status of these null).
create or replace temp table contexto as
with anteriores as (
    select
        gps.id_veiculo,
        max(gps.timestamp_gps) as timestamp_gps
    from public.gps_brt as gps
    inner join desde
        on gps.id_veiculo = desde.codigo and gps.timestamp_gps < desde.desde - interval '{alcance} seconds'
    group by gps.id_veiculo, gps.status is null
)

select recebidos.*
from public.recebidos as recebidos
inner join desde on recebidos.codigo = desde.codigo and recebidos.datahora >= desde.desde - interval '{alcance} seconds'
union all
select recebidos.*
from public.recebidos as recebidos
inner join anteriores on recebidos.codigo = anteriores.id_veiculo and recebidos.datahora = anteriores.timestamp_gps
