-- How right gps_brt is about buses on their trips: line, direction, status, and metres along the path.
with seen as (
    select
        sinais.linha = gps_brt.servico as right_line,
        sinais.sentido = gps_brt.sentido as right_direction,
        sinais.sentido = gps_brt.sentido_informado as right_label,
        gps_brt.flag_trajeto_correto_hist as on_path,
        gps_brt.status,
        case
            when sinais.linha = gps_brt.servico and sinais.sentido = gps_brt.sentido
                then abs(gps_brt.progresso_m - sinais.distancia_m)
        end as error_m
    from sinais
    inner join gps_brt on sinais.codigo = gps_brt.id_veiculo and sinais.datahora = gps_brt.timestamp_gps
    where sinais.estado = 'viagem'
)

select
    count(*) as signals,
    count(*) filter (where right_line) as right_line,
    count(*) filter (where right_direction) as right_direction,
    count(*) filter (where right_label) as right_label,
    count(*) filter (where on_path) as on_path,
    count(*) filter (where status in ('Em operação', 'Parado trajeto correto', 'Parado terminal')) as right_status,
    coalesce(percentile_cont(0.5) within group (order by error_m), 0)::double precision as median_error_m,
    coalesce(percentile_cont(0.95) within group (order by error_m), 0)::double precision as p95_error_m
from seen
