-- The vehicles as of the newest good poll, each with the poll that brought its signal.
select
    veiculos.* exclude (load_id),
    polls.tick
from public.veiculos_agora as veiculos
left join public.brt_poll as polls on veiculos.load_id = polls.load_id
order by veiculos.codigo
