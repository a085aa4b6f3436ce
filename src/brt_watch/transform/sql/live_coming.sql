-- The vehicles on their way to a station, the nearest first.
select
    linha,
    sentido,
    codigo,
    falta_m,
    espera,
    idade_segundos
from public.a_caminho_agora
where estacao_id = {estacao_id}
order by falta_m, codigo
