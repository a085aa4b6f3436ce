-- Minutes that the capture missed can be recovered later from another service. Their lines stand in the ledger beside
-- those of the polls that failed or were missed, which stay.
alter table brt_poll
    drop constraint brt_poll_status_check,
    add constraint brt_poll_status_check check (status in ('ok', 'late', 'failed', 'missed', 'recovered'));

alter table brt_window add column feed text not null default 'brt';
comment on column brt_window.feed is 'Where its records come from: brt (the capture, imports) or its_minutes (recovered).';

create table brt_disagreement (
    datahora timestamptz not null,
    codigo text not null,
    load_id bigint not null references brt_window,
    record jsonb not null,
    primary key (datahora, codigo, load_id)
);
comment on table brt_disagreement is
'One row is a recovered record that says something else than the stored signal of the same vehicle and moment.';
comment on column brt_disagreement.record is 'What the recovered record says; brt_raw keeps what was stored first.';
