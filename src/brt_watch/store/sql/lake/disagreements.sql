-- DuckDB: the records of a recovered window that contradict the signal of the lake. What the service of the recovery does not
-- send (odometer, ignition) contradicts nothing; insert_disagreements is the same for Postgres.
create temp table divergentes as
select novos.*
from novos
inner join read_parquet({files}) as lago using (datahora, codigo)
where
    lago.capturer <> novos.capturer
    and (
        novos.latitude, novos.longitude, novos.latitude_exata, novos.longitude_exata,
        coalesce(novos.velocidade, lago.velocidade), coalesce(novos.direcao, lago.direcao),
        coalesce(novos.linha, lago.linha), coalesce(novos.sentido, lago.sentido)
    )
    is distinct from
    (
        lago.latitude, lago.longitude, lago.latitude_exata, lago.longitude_exata, lago.velocidade, lago.direcao,
        lago.linha, lago.sentido
    )
