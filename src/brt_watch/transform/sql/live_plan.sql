-- The planned headways of a line by the version of its plan, in seconds of a service day, and below which ones buses are bunched.
select
    primeiro_dia,
    ultimo_dia,
    de_s,
    ate_s,
    intervalo_s,
    comboio_s
from public.int_rede__plano
where linha = {linha}
order by primeiro_dia, de_s
