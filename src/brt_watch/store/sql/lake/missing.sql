-- DuckDB: how many signals of a window the lake lacks, or has with other content though this window brought them.
select count(*)
from novos
left join read_parquet({files}) as lago using (datahora, codigo)
where
    lago.capturer is null
    or (lago.capturer, lago.tick) = (novos.capturer, novos.tick)
    and ({ours}) is distinct from ({theirs})
