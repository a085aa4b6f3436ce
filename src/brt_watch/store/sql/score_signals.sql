-- What was seen of the signals that reached the API between the first good poll and the last, by what the bus did.
-- `false_signals` are rows of brt_raw that were never sent.
with sent as (
    select distinct on (sinais.codigo, sinais.datahora)
        sinais.codigo,
        sinais.datahora,
        sinais.linha,
        sinais.sentido,
        sinais.estado
    from sinais
    inner join span on sinais.recebido > span.begins and sinais.recebido <= span.ends
    order by sinais.codigo, sinais.datahora, sinais.recebido
),

recovered as (
    select
        sent.estado,
        count(*) as sent,
        count(brt_raw.codigo) as seen,
        count(brt_raw.codigo) filter (
            where brt_raw.linha = sent.linha and coalesce(brt_raw.sentido, '') = sent.sentido
        ) as rightly_labelled
    from sent
    left join brt_raw on sent.codigo = brt_raw.codigo and sent.datahora = brt_raw.datahora
    group by sent.estado
),

invented as (
    select count(*) as false_signals
    from brt_raw
    where
        brt_raw.captured_at > (select begins from span)
        and not exists (
            select 1 from sinais where sinais.codigo = brt_raw.codigo and sinais.datahora = brt_raw.datahora
        )
)

select
    recovered.estado,
    recovered.sent,
    recovered.seen,
    recovered.rightly_labelled,
    invented.false_signals
from recovered
cross join invented
order by recovered.sent desc
