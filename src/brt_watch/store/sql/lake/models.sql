-- DuckDB: the notes of the runs of the models on the lake, with the columns of brt_transform in Postgres.
create sequence if not exists transform_ids;

create table if not exists brt_transform (
    transform_id bigint primary key default nextval('transform_ids'),
    transformed_at timestamptz,
    load_id bigint not null,
    seconds double,
    network_sha256 varchar not null default ''
);
