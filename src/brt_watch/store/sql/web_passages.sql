-- Passages of a line and direction in a period, oldest first: at a station if one is named.
select
    id_viagem,
    id_veiculo as codigo,
    estacao_id,
    ordem::integer as ordem,
    chegada,
    partida,
    incerteza_chegada_segundos::double precision as incerteza_chegada_segundos,
    metodo
from passagens
where
    dia_operacao between %(primeiro_dia)s and %(ultimo_dia)s
    and linha = %(linha)s
    and sentido = %(sentido)s
    and chegada >= %(de)s
    and chegada < %(ate)s
    and (%(estacao)s::text is null or estacao_id = %(estacao)s)
order by chegada, id_viagem, ordem
limit %(limite)s
