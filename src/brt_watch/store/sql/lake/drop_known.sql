-- DuckDB: leave only the signals that the lake does not have.
delete from novos
using read_parquet({files}) as conhecidos
where novos.datahora = conhecidos.datahora and novos.codigo = conhecidos.codigo
