-- DuckDB: the recovered records of the lake that say something else than its signal, with the columns of brt_disagreement.
create or replace view {schema}.brt_disagreement as
select
    datahora,
    codigo,
    load_id,
    -- A patch of an empty object has no nulls.
    json_merge_patch(cast('{{}}' as json), to_json({{
        'latitude': coalesce(latitude_exata, cast(latitude as double)),
        'longitude': coalesce(longitude_exata, cast(longitude as double)),
        'velocidade': velocidade,
        'hodometro': hodometro,
        'direcao': direcao,
        'ignicao': ignicao,
        'linha': linha,
        'sentido': sentido,
        'extra': cast(extra as json)
    }})) as record
from read_parquet({files})
