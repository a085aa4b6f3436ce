-- The vehicles on their way as of the newest good poll.
select * from public.intervalos_agora
order by linha, sentido, progresso_m desc, codigo
