-- Rows and checksum of the signals of each service day. store/sql/lake/sums.sql is the same for the lake.
select
    ((datahora at time zone 'UTC') - interval '6 hours')::date::text as day,
    count(*) as "rows",
    sum(('x' || left(md5(concat_ws(
        '|', codigo, coalesce(placa, '~'), coalesce(linha, '~'), latitude::text, longitude::text,
        (extract(epoch from datahora) * 1000000)::bigint, coalesce(velocidade::text, '~'),
        coalesce(id_migracao_trajeto, '~'), coalesce(sentido, '~'), coalesce(trajeto, '~'), coalesce(hodometro::text, '~'),
        coalesce(direcao::text, '~'), coalesce(ignicao::text, '~'), coalesce(capacidade_pe_veiculo::text, '~'),
        coalesce(capacidade_sentado_veiculo::text, '~'), case when extra is null then '~' else 'extra' end,
        (extract(epoch from captured_at) * 1000000)::bigint, (extract(epoch from tick) * 1000000)::bigint, capturer
    )), 15))::bit(60)::bigint)::text as checksum
from brt_raw
where capturer = any(%(capturers)s)
group by 1
order by 1
