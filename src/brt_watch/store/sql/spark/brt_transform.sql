-- Spark: the notes of the runs of the models. A run derives everything, so it is the only one.
select
    cast(1 as bigint) as transform_id,
    cast(null as timestamp) as transformed_at,
    (select max(load_id) from polls) as load_id,
    cast(null as double) as seconds,
    '' as network_sha256
