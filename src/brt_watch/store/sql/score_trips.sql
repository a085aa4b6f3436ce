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
)

select
    (select count(*) from happened) as happened,
    (select count(*) from found) as found,
    (select count(distinct viagem) from matched) as recalled,
    (select count(distinct id_viagem) from matched) as right_ones,
    (select count(*) from in_silence) as in_silence,
    (select count(*) from in_silence where viagem not in (select viagem from matched)) as missed_in_silence
