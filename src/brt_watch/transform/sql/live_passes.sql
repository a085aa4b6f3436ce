-- The last passages at stations, newest first.
select
    estacao_id,
    linha,
    sentido,
    id_veiculo as codigo,
    to_timestamp(round(segundo)) as datahora
from public.int_previsoes__chegadas
order by segundo desc
