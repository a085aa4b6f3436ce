-- A run of the models that starts now.
insert into brt_transform (load_id) values (%(load_id)s)
returning transform_id
