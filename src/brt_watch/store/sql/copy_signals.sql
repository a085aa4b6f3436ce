-- New signals straight into the table: a COPY writes many rows at a time, as an insert does not.
copy brt_raw ({columns}, captured_at, tick, capturer, load_id) from stdin (format binary)
