-- The headways of a line in one direction at the stations that its trips left in some time, by trip, oldest first. `ate` is
-- when the trip left the next station, null at the last one. The live engine runs the same statement on DuckDB.
select
    id_viagem,
    partida,
    lead(partida) over (partition by id_viagem order by partida) as ate,
    case when not flag_desconhecido then intervalo_segundos end as intervalo_segundos,
    case when not flag_desconhecido then flag_comboio_fracao end as comboio
from intervalos
where
    escopo = 'linha'
    and linha = %(linha)s
    and sentido = %(sentido)s
    and dia_operacao >= %(primeiro_dia)s
    and dia_operacao <= %(ultimo_dia)s
    and partida >= %(de)s
    and partida < %(ate)s
order by id_viagem, partida
