-- The vehicles off their path or silent, the longest silent first.
select * from public.atencao_agora
order by motivo, idade_segundos desc, codigo
