-- Temporary tables in the shape of the ledger and the rejects of a window; the load copies the files into them.

create temporary table polls_csv (
    tick timestamptz, status text, reason text, detail text, requested_at timestamptz, captured_at timestamptz,
    http_status integer, body_bytes bigint, body_sha256 text, raw text, records integer, rejects integer,
    newest_signal_at timestamptz, median_age_seconds double precision, alerts jsonb,
    csv_bytes bigint, rejects_bytes bigint
) on commit drop;

create temporary table rejects_csv (
    tick timestamptz, position integer, reason text, record text
) on commit drop;
