-- A run of the models has a number, which every derived row carries (derived_by). The row exists from the start of the
-- run, so that the models can read the number; a run that did not finish has no transformed_at.
alter table brt_transform
    add column transform_id bigint generated always as identity,
    drop constraint brt_transform_pkey,
    add primary key (transform_id),
    alter column transformed_at drop not null,
    alter column transformed_at drop default,
    alter column seconds drop not null;
comment on table brt_transform is 'One row is a run of the dbt models, and the newest load that it saw.';
comment on column brt_transform.transform_id is 'The number of the run; the rows that it wrote carry it as derived_by.';
comment on column brt_transform.transformed_at is 'When it finished; null while it runs, or when it failed.';
