-- Trips that departed in a period, oldest first: of a line, a direction, a vehicle if they are named.
select
    id_viagem,
    id_veiculo as codigo,
    linha,
    sentido,
    partida,
    chegada,
    distancia_km::double precision as distancia_km,
    velocidade_media_kmh::double precision as velocidade_media_kmh,
    cobertura::double precision as cobertura,
    estacoes_passadas::integer as estacoes_passadas,
    estacoes_previstas::integer as estacoes_previstas,
    tipo,
    confianca,
    motivo_inicio,
    motivo_fim
from viagens
where
    dia_operacao between %(primeiro_dia)s and %(ultimo_dia)s
    and partida >= %(de)s
    and partida < %(ate)s
    and (%(linha)s::text is null or linha = %(linha)s)
    and (%(sentido)s::text is null or sentido = %(sentido)s)
    and (%(codigo)s::text is null or id_veiculo = %(codigo)s)
order by partida, id_viagem
limit %(limite)s
