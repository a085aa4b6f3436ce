-- Trips found and trips that happened, within the time between the first good poll and the last: a trip is right when vehicle,
-- line and direction are, and departure and arrival within a minute.
with happened as (
    select truth.*
    from verdade_viagens as truth
    inner join span on truth.partida > span.begins_inside and truth.chegada < span.ends_inside
),

found as (
    select viagens.*
    from viagens
    inner join span on viagens.partida > span.begins_inside and viagens.chegada < span.ends_inside
    -- What the beginning or the end of the capture cuts is no trip of either side.
    where
        not exists (
            select 1
            from verdade_viagens as truth
            where
                truth.codigo = viagens.id_veiculo
                and truth.chegada > viagens.partida
                and truth.partida < viagens.chegada
                and (truth.partida <= span.begins_inside or truth.chegada >= span.ends_inside)
        )
),

matched as (
    select
        happened.viagem,
        found.id_viagem
    from happened
    inner join found
        on
            happened.codigo = found.id_veiculo
            and happened.linha = found.linha
            and happened.sentido = found.sentido
            and abs(extract(epoch from happened.partida - found.partida)) <= 60
            and abs(extract(epoch from happened.chegada - found.chegada)) <= 60
),

captured as (
    select
        codigo,
        datahora,
        lead(datahora) over (partition by codigo order by datahora) as next_at
    from brt_raw
),

-- An end lies in a silence when the signals around it are more than two minutes apart, and the nearest one of the trip itself is more
-- than a minute away: when the bus left or arrived follows from no signal, only from how fast buses are.
ends as (
    select viagem, codigo, partida as moment, true as leaves from happened
    union all
    select viagem, codigo, chegada as moment, false as leaves from happened
),

-- The nearest signal of the trip itself is the one after its departure, or before its arrival.
in_silence as (
    select distinct ends.viagem
    from ends
    left join captured
        on
            ends.codigo = captured.codigo
            and captured.datahora <= ends.moment
            and coalesce(captured.next_at > ends.moment, true)
    where
        coalesce(captured.next_at - captured.datahora > interval '2 minutes', true)
        and coalesce(
            case when ends.leaves then captured.next_at - ends.moment else ends.moment - captured.datahora end
            > interval '1 minute',
            true
        )
),

-- Circular lines end where they begin; a partial trip begins or ends on the way; the label of a relabelled one named another line, or
-- none, for more than a tenth of its captured signals.
ends_of_lines as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        min(estacao_id) filter (where ordem = 1) = min(estacao_id) filter (where ordem = estacoes) as circular
    from int_rede__estacoes
    group by linha, sentido, primeiro_dia, ultimo_dia
),

labels as (
    select
        happened.viagem,
        avg((brt_raw.linha is distinct from happened.linha)::integer) > 0.1 as relabelled
    from happened
    inner join brt_raw
        on happened.codigo = brt_raw.codigo and brt_raw.datahora between happened.partida and happened.chegada
    group by happened.viagem
),

judged as (
    select
        happened.viagem in (select viagem from matched) as recalled,
        happened.viagem in (select viagem from in_silence) as in_silence,
        coalesce(ends_of_lines.circular, false) as circular,
        coalesce(happened.motivo_inicio != 'terminal', false) or coalesce(happened.motivo_fim != 'terminal', false) as partial,
        coalesce(labels.relabelled, false) as relabelled
    from happened
    left join labels on happened.viagem = labels.viagem
    left join ends_of_lines
        on
            happened.linha = ends_of_lines.linha
            and happened.sentido = ends_of_lines.sentido
            and happened.partida::date between ends_of_lines.primeiro_dia and ends_of_lines.ultimo_dia
)

select
    count(*) as happened,
    (select count(*) from found) as found,
    count(*) filter (where recalled) as recalled,
    (select count(distinct id_viagem) from matched) as right_ones,
    count(*) filter (where in_silence) as in_silence,
    count(*) filter (where in_silence and recalled) as recalled_in_silence,
    count(*) filter (where circular) as circular,
    count(*) filter (where circular and recalled) as recalled_circular,
    count(*) filter (where partial) as partial,
    count(*) filter (where partial and recalled) as recalled_partial,
    count(*) filter (where relabelled) as relabelled,
    count(*) filter (where relabelled and recalled) as recalled_relabelled
from judged
