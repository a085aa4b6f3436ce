-- The forecasts of the newest poll, and when the bus left its first station, where that was seen.
with partidas as (
    select
        id_veiculo,
        linha,
        sentido,
        max(segundo) as segundo
    from public.int_previsoes__chegadas
    where ordem = 1
    group by all
)

select
    previsoes.id_veiculo as codigo,
    previsoes.linha,
    previsoes.sentido,
    previsoes.ordem,
    previsoes.estacao_id,
    previsoes.falta_m,
    previsoes.idade_segundos,
    previsoes.tipo,
    previsoes.base,
    previsoes.chegada_p20,
    previsoes.chegada_p50,
    previsoes.chegada_p80,
    case when previsoes.tipo = 'a caminho' then to_timestamp(round(partidas.segundo)) end as partida
from public.previsoes
left join partidas using (id_veiculo, linha, sentido)
order by codigo, ordem
