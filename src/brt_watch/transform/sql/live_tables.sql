-- The tables of the live engine, empty. brt_raw and brt_poll are what the load fills in Postgres.
create schema if not exists public;

-- All signals in memory: those of the last hours, and the last one of each vehicle. load_id is the number of the poll.
create table public.recebidos (
    {columns},
    captured_at timestamptz not null,
    capturer text not null,
    tick timestamptz not null,
    load_id bigint not null
);

-- What was taken and not derived yet: of each vehicle, from where on.
create temp table novos (
    codigo text,
    datahora timestamptz,
    sinais bigint
);

create view public.brt_raw as select * from public.recebidos;

create table public.brt_poll (
    capturer text not null,
    tick timestamptz not null,
    status text not null,
    reason text not null,
    detail text,
    requested_at timestamptz,
    captured_at timestamptz,
    http_status integer,
    body_bytes bigint,
    body_sha256 text,
    raw text,
    records integer not null,
    rejects integer not null,
    signals integer not null default 0,
    newest_signal_at timestamptz,
    median_age_seconds double precision,
    alerts text,
    load_id bigint not null
);

create table public.brt_window (
    load_id bigint,
    capturer text,
    "window" text,
    first_tick timestamptz,
    last_tick timestamptz,
    loaded_at timestamptz
);

-- The run that derived a row (derived_by) is here the number of the newest poll.
create table public.brt_transform (
    transform_id bigint,
    load_id bigint
);
