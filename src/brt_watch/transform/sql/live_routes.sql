-- The lines and directions as of the newest good poll, the one that needs most attention first.
select * from public.percursos_agora
order by gravidade desc, linha, sentido
