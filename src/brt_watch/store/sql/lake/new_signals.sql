-- DuckDB: the first records of a window as rows of the lake, with the service day to which each belongs.
create or replace temp table novos as
select
    registros.* exclude (ordem, latitude, longitude, datahora, captured_at),
    cast(registros.latitude as decimal(9, 6)) as latitude,
    cast(registros.longitude as decimal(9, 6)) as longitude,
    -- Null for all values of six decimals at most, which the columns above hold exactly.
    nullif(registros.latitude, cast(cast(registros.latitude as decimal(9, 6)) as double)) as latitude_exata,
    nullif(registros.longitude, cast(cast(registros.longitude as decimal(9, 6)) as double)) as longitude_exata,
    -- A cast goes through the calendar of the session's zone, which takes as long as everything else.
    make_timestamptz(epoch_us(registros.datahora)) as datahora,
    make_timestamptz(epoch_us(registros.captured_at)) as captured_at,
    make_timestamptz(epoch_us(polls.tick)) as tick,
    {capturer} as capturer,
    cast({load_id} as bigint) as load_id,
    {day} as dia
from primeiros
inner join registros using (ordem)
left join polls on registros.captured_at = polls.captured_at
