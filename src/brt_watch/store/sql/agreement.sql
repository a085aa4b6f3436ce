-- How far the matching of each feed agrees with ours, by line and hour of a service day.
select
    feed,
    linha,
    hora_operacao,
    sinais,
    viagens,
    sinais_com_linha,
    sinais_mesma_linha,
    sinais_com_sentido,
    sinais_mesmo_sentido,
    sinais_com_viagem,
    sinais_mesma_viagem
from concordancia_por_feed
where dia_operacao = %(day)s
order by feed, length(linha), linha, hora_operacao
