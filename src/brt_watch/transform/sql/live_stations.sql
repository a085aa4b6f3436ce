-- What is planned at each station now, and how long nothing has passed.
select
    estacao_id,
    linha,
    sentido,
    intervalo_previsto_segundos,
    segundos_sem_passar,
    flag_lacuna
from public.estacoes_agora
order by linha, sentido, ordem
