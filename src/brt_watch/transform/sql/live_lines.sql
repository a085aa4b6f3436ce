-- The lines as of the newest good poll.
select * from public.linhas_agora
