-- DuckDB: each row of the file with the columns of a record, and why it is none (reason), if so.
-- The rules and their order are those of feeds/brt.py.
create table registros as
with textos as (
    select
        cast(n_linha as double) as n,
        {fields},
        {texts},
        {numbers},
        {moments}
    from {rows}
),

lidos as (
    select
        * replace (
            codigo(codigo) as codigo,
            codigo(linha) as linha,
            if(capturado_arredondado or capturado_em_segundos, null, capturado) as capturado
        )
    from textos
),

avaliados as (
    select
        *,
        case
            when coalesce(trim(codigo), '') = '' then 'codigo_missing'
            when length(codigo) > {longest_code} then 'codigo_too_long'
            when codigo_arredondado(codigo) then 'codigo_rounded'
            when latitude_lida is null then 'position_missing'
            when not latitude_lida between -90 and 90 then 'position_out_of_range'
            when longitude_lida is null then 'position_missing'
            when not longitude_lida between -180 and 180 then 'position_out_of_range'
            when enviado_arredondado then 'datahora_rounded'
            when enviado_em_segundos then 'datahora_in_seconds'
            when enviado is null then 'datahora_missing'
            when not enviado between timestamp '1970-01-01' and timestamp '9999-12-31 23:59:59.999'
                then 'datahora_out_of_range'
            when capturado_arredondado then 'captured_at_rounded'
            when capturado_em_segundos then 'captured_at_in_seconds'
            when {needs_captured_at} and capturado is null then 'captured_at_missing'
        end as reason
    from lidos
)

select
    n,
    reason,
    codigo,
    placa,
    linha,
    latitude_lida as latitude,
    longitude_lida as longitude,
    epoch_ms(enviado) as datahora,
    if(abs(velocidade_lida) < 1e15, velocidade_lida, null) as velocidade,
    id_migracao_trajeto,
    -- The city's table has the path in the place of the direction: ITI IDA - 13 MATO ALTO X ALVORADA (EXPRESSO).
    case
        when contains(coalesce(sentido, trajeto), 'ITI IDA ') then 'ida'
        when contains(coalesce(sentido, trajeto), 'ITI VOLTA ') then 'volta'
        else sentido
    end as sentido,
    coalesce(trajeto, if(contains(sentido, 'ITI '), sentido, null)) as trajeto,
    if(abs(hodometro_lida) < 1e15, hodometro_lida, null) as hodometro,
    if(direcao = ' ', ' ', cast(try_cast(if(direcao_lida % 1 = 0, direcao_lida, null) as smallint) as varchar))
        as direcao,
    try_cast(if(ignicao_lida % 1 = 0, ignicao_lida, null) as smallint) as ignicao,
    try_cast(if(capacidade_pe_veiculo_lida % 1 = 0, capacidade_pe_veiculo_lida, null) as smallint)
        as capacidade_pe_veiculo,
    try_cast(if(capacidade_sentado_veiculo_lida % 1 = 0, capacidade_sentado_veiculo_lida, null) as smallint)
        as capacidade_sentado_veiculo,
    {leftovers} as extra,
    capturado as captured_at,
    if(reason is null, null, cast(to_json({row}) as varchar)) as record
from avaliados
