-- A run of the models.
insert into brt_transform (load_id, seconds) values (%(load_id)s, %(seconds)s)
