-- A run of the models.
insert into brt_transform (load_id, seconds, network_sha256) values (%(load_id)s, %(seconds)s, %(network_sha256)s)
