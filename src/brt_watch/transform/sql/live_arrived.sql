-- The records of some polls, each signal once: the one that arrived first, unless it is known already.
create or replace temp table chegados as
with registros as (
    select
        {stored},
        captured_at at time zone 'UTC' as captured_at
    from read_csv(
        {csv}, columns = {columns}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
        new_line = '\r\n', nullstr = '', allow_quoted_nulls = false, max_line_size = {longest},
        buffer_size = {longest}
    )
),

sinais as (
    select
        registros.* replace (registros.datahora at time zone 'UTC' as datahora),
        polls.capturer,
        polls.tick,
        polls.load_id
    from registros
    inner join public.brt_poll as polls on registros.captured_at = polls.captured_at
)

select sinais.*
from sinais
anti join public.recebidos as conhecidos
    on sinais.codigo = conhecidos.codigo and sinais.datahora = conhecidos.datahora
qualify row_number() over (partition by sinais.codigo, sinais.datahora order by sinais.load_id) = 1
