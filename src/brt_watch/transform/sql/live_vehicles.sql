-- The newest signal of every vehicle, and what follows from it, as the page shows it.
select
    posicao.codigo,
    coalesce(posicao.placa, '') as placa,
    posicao.servico as linha,
    case when posicao.sentido_informado in ('ida', 'volta') then posicao.sentido_informado end as sentido,
    case when posicao.sentido in ('ida', 'volta') then posicao.sentido end as sentido_estimado,
    posicao.flag_sentido_corrigido as sentido_corrigido,
    coalesce(posicao.trajeto, '') as trajeto,
    posicao.velocidade,
    coalesce(posicao.velocidade_estimada_10_min, posicao.velocidade, 0) as velocidade_media_10_min,
    -- A heading of 360 or more is none, nor is the 0 of a device that stands.
    case
        when posicao.direcao between 0 and 359 and (posicao.direcao > 0 or posicao.velocidade > 0) then posicao.direcao
    end as direcao,
    posicao.ignicao,
    posicao.datahora,
    posicao.status,
    posicao.estacao_id,
    posicao.estacao_nome,
    posicao.distancia_estacao_m,
    round(posicao.progresso_m, 1) as progresso_m,
    round(posicao.desvio_m, 1) as desvio_m,
    posicao.latitude,
    posicao.longitude,
    polls.tick
from public.posicao_atual as posicao
left join public.brt_poll as polls on posicao.load_id = polls.load_id
order by posicao.codigo
