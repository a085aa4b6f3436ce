-- With which network (dbt/seeds) the models were derived, so that it is loaded again only when it is another one.

alter table brt_transform add column network_sha256 text not null default '';
comment on column brt_transform.network_sha256 is 'Of the reference files in dbt/seeds with which the models were derived.';
