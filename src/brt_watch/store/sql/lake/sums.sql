-- DuckDB: rows and checksum of the signals of each service day. store/sql/day_sums.sql is the same for Postgres.
select
    cast(cast(datahora - interval '6 hours' as date) as varchar) as day,
    count(*) as "rows",
    cast(sum(cast('0x' || left(md5(concat_ws(
        '|', codigo, coalesce(placa, '~'), coalesce(linha, '~'), {latitude}, {longitude}, epoch_us(datahora),
        {velocidade}, coalesce(id_migracao_trajeto, '~'), coalesce(sentido, '~'), coalesce(trajeto, '~'), {hodometro},
        coalesce(cast(direcao as varchar), '~'), coalesce(cast(ignicao as varchar), '~'),
        coalesce(cast(capacidade_pe_veiculo as varchar), '~'), coalesce(cast(capacidade_sentado_veiculo as varchar), '~'),
        if(extra is null, '~', 'extra'), epoch_us(captured_at), epoch_us(tick), capturer
    )), 15) as bigint)) as varchar) as checksum
from brt_raw
where capturer in ({capturers}) and tick is not null
group by 1
order by 1
