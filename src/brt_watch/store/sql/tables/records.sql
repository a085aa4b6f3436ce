-- DuckDB: each row of the file with the columns of a record, and why it is none (reason), if so.
-- The rules and their order are those of feeds/brt.py.
create table registros as
with textos as (
    select
        cast(n as double) as n,
        {texts},
        {captured_at} as captured_at,
        {captured_text} as capturado,
        {leftovers} as sobras,
        {row} as linha_do_arquivo
    from {rows}
),

lidos as (
    select
        * replace (
            codigo(codigo) as codigo,
            codigo(linha) as linha,
            if(arredondado(capturado) or em_segundos(capturado), null, captured_at) as captured_at
        ),
        numero(latitude) as lat,
        numero(longitude) as lon,
        momento(datahora, {stamp_zone}) as enviado
    from textos
),

avaliados as (
    select
        *,
        case
            when coalesce(trim(codigo), '') = '' then 'codigo_missing'
            when length(codigo) > {longest_code} then 'codigo_too_long'
            when codigo_arredondado(codigo) then 'codigo_rounded'
            when lat is null then 'position_missing'
            when not lat between -90 and 90 then 'position_out_of_range'
            when lon is null then 'position_missing'
            when not lon between -180 and 180 then 'position_out_of_range'
            when arredondado(datahora) then 'datahora_rounded'
            when em_segundos(datahora) then 'datahora_in_seconds'
            when enviado is null then 'datahora_missing'
            when not enviado between timestamp '1970-01-01' and timestamp '9999-12-31 23:59:59.999'
                then 'datahora_out_of_range'
            when arredondado(capturado) then 'captured_at_rounded'
            when em_segundos(capturado) then 'captured_at_in_seconds'
            when {needs_captured_at} and captured_at is null then 'captured_at_missing'
        end as reason
    from lidos
)

select
    n,
    reason,
    codigo,
    placa,
    linha,
    lat as latitude,
    lon as longitude,
    epoch_ms(enviado) as datahora,
    if(abs(numero(velocidade)) < 1e15, numero(velocidade), null) as velocidade,
    id_migracao_trajeto,
    -- The city's table has the path in the place of the direction: ITI IDA - 13 MATO ALTO X ALVORADA (EXPRESSO).
    case
        when contains(coalesce(sentido, trajeto), 'ITI IDA ') then 'ida'
        when contains(coalesce(sentido, trajeto), 'ITI VOLTA ') then 'volta'
        else sentido
    end as sentido,
    coalesce(trajeto, if(contains(sentido, 'ITI '), sentido, null)) as trajeto,
    if(abs(numero(hodometro)) < 1e15, numero(hodometro), null) as hodometro,
    if(direcao = ' ', ' ', cast(try_cast(if(numero(direcao) % 1 = 0, numero(direcao), null) as smallint) as varchar))
        as direcao,
    try_cast(if(numero(ignicao) % 1 = 0, numero(ignicao), null) as smallint) as ignicao,
    try_cast(if(numero(capacidade_pe_veiculo) % 1 = 0, numero(capacidade_pe_veiculo), null) as smallint)
        as capacidade_pe_veiculo,
    try_cast(if(numero(capacidade_sentado_veiculo) % 1 = 0, numero(capacidade_sentado_veiculo), null) as smallint)
        as capacidade_sentado_veiculo,
    if(len(sobras) > 0, cast(to_json(map_from_entries(sobras)) as varchar), null) as extra,
    captured_at,
    if(reason is null, null, cast(to_json(linha_do_arquivo) as varchar)) as record
from avaliados
