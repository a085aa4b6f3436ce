-- A run of the models that has succeeded.
update brt_transform
set
    transformed_at = clock_timestamp(),
    seconds = %(seconds)s,
    network_sha256 = %(network_sha256)s
where transform_id = %(transform_id)s
