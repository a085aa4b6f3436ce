-- The last passages at stations, three of each line and direction, newest first.
select
    estacao_id,
    linha,
    sentido,
    id_veiculo as codigo,
    to_timestamp(round(segundo)) as datahora
from public.int_agora__passagens
where recente_na_estacao <= 3
order by segundo desc
