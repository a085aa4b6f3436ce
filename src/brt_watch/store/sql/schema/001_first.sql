-- The tables that the load fills. What is derived from them is dbt's (dbt/models).

create table brt_window (
    load_id bigint generated always as identity primary key,
    capturer text not null,
    "window" text not null,
    feed_url text not null,
    code_version text not null,
    first_tick timestamptz not null,
    last_tick timestamptz not null,
    polls integer not null,
    good_polls integer not null,
    captured_minutes integer not null,
    records bigint not null,
    signals bigint not null,
    conflicts bigint not null,
    rejects bigint not null,
    loaded_at timestamptz not null default now(),
    unique (capturer, "window")
);
comment on table brt_window is 'One row is a window (one CSV) that was loaded, in the order of loading (load_id).';
comment on column brt_window.conflicts is 'Signals that came again with other content; the first sight of each is kept.';
comment on column brt_window.signals is 'Signals that no earlier load had; the other records repeat a signal.';

create table brt_poll (
    capturer text not null,
    tick timestamptz not null,
    status text not null check (status in ('ok', 'late', 'failed', 'missed')),
    reason text not null,
    detail text not null,
    requested_at timestamptz,
    captured_at timestamptz,
    http_status integer,
    body_bytes bigint,
    body_sha256 text not null,
    raw text not null,
    records integer not null,
    rejects integer not null,
    signals integer not null default 0,
    newest_signal_at timestamptz,
    median_age_seconds double precision,
    alerts jsonb,
    load_id bigint not null references brt_window,
    primary key (tick, capturer)
);
comment on table brt_poll is 'One row is a tick (a planned moment of asking) of a capturer, whatever became of it.';
comment on column brt_poll.signals is 'Signals that were first seen in this poll.';

create view brt_alert as
select
    brt_poll.tick,
    brt_poll.capturer,
    alert ->> 'event' as event,
    alert ->> 'code' as code,
    alert ->> 'subject' as subject,
    alert ->> 'detail' as detail,
    (alert ->> 'since')::timestamptz as since
from brt_poll
cross join jsonb_array_elements(brt_poll.alerts) as alert;
comment on view brt_alert is 'One row is a trouble of the feed or the disk that was raised or closed, at the poll that saw it.';

create table brt_reject (
    capturer text not null,
    tick timestamptz not null,
    position integer not null,
    reason text not null,
    record text not null,
    load_id bigint not null references brt_window,
    primary key (tick, capturer, position)
);
comment on table brt_reject is 'One row is a record that broke a rule, with its JSON as it came.';

create table brt_raw (
    codigo text not null,
    placa text,
    linha text,
    latitude double precision not null,
    longitude double precision not null,
    datahora timestamptz not null,
    velocidade double precision,
    id_migracao_trajeto text,
    sentido text,
    trajeto text,
    hodometro double precision,
    direcao smallint,
    ignicao smallint,
    capacidade_pe_veiculo smallint,
    capacidade_sentado_veiculo smallint,
    extra jsonb,
    captured_at timestamptz not null,
    capturer text not null,
    tick timestamptz not null,
    load_id bigint not null,
    -- Time first: signals come in the order of time, and this order loads 1.6 times faster.
    primary key (datahora, codigo)
) partition by range (datahora);
comment on table brt_raw is 'One row is a signal: what a vehicle sent once, however often the API repeated it.';
comment on column brt_raw.datahora is 'When the vehicle sent it (dataHora of the API).';
comment on column brt_raw.velocidade is 'Speed in km/h, as the device says.';
comment on column brt_raw.hodometro is 'Odometer in km.';
comment on column brt_raw.direcao is 'Heading in degrees, 0 is north (the API writes a blank for 0); 360 and more occur.';
comment on column brt_raw.ignicao is 'Ignition: 1 on, 0 off.';
comment on column brt_raw.extra is 'Fields that are new to us, or whose type their own column cannot hold.';
comment on column brt_raw.captured_at is 'When the answer that first had the signal arrived.';
comment on column brt_raw.capturer is 'Who asked, and at which tick: the row of brt_poll that first saw the signal.';
comment on column brt_raw.load_id is 'The load that brought it: what is newer than the last transform has a larger one.';

-- Rows of a load lie together, so that a tiny index of block ranges finds them.
create index brt_raw_load_id on brt_raw using brin (load_id) with (pages_per_range = 32);

create table brt_raw_outside partition of brt_raw default;
comment on table brt_raw_outside is 'Signals whose stamp lies in no month that was captured.';

create function brt_ensure_month(day timestamptz) returns void language plpgsql set timezone = 'UTC' as $$
-- Make the partition of a month (UTC) there, with the signals of that month that were outside until now.
declare
    first timestamptz := date_trunc('month', day, 'UTC');
    next timestamptz := date_trunc('month', day, 'UTC') + interval '1 month';
    name text := 'brt_raw_' || to_char(day at time zone 'UTC', 'YYYY_MM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    execute format('create table %I (like brt_raw including defaults including constraints)', name);
    execute format(
        'with moved as (delete from brt_raw_outside where datahora >= %L and datahora < %L returning *) '
        'insert into %I select * from moved', first, next, name);
    execute format('alter table brt_raw attach partition %I for values from (%L) to (%L)', name, first, next);
end
$$;

create table brt_transform (
    transformed_at timestamptz primary key default clock_timestamp(),
    load_id bigint not null,
    seconds double precision not null
);
comment on table brt_transform is 'One row is a run of the dbt models, and the newest load that it saw.';
