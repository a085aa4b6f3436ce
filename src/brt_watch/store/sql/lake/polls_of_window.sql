-- DuckDB: the ledger of a window as rows of the lake.
create temp table ledger as
select
    {capturer} as capturer,
    {window} as janela,
    cast(tick as timestamptz) as tick,
    status,
    coalesce(reason, '') as reason,
    coalesce(detail, '') as detail,
    cast(requested_at as timestamptz) as requested_at,
    cast(captured_at as timestamptz) as captured_at,
    cast(http_status as integer) as http_status,
    cast(body_bytes as bigint) as body_bytes,
    coalesce(body_sha256, '') as body_sha256,
    coalesce(raw, '') as raw,
    cast(records as integer) as records,
    cast(rejects as integer) as rejects,
    0 as signals,
    cast(newest_signal_at as timestamptz) as newest_signal_at,
    cast(median_age_seconds as double) as median_age_seconds,
    alerts,
    {feed_url} as feed_url,
    {code_version} as code_version,
    cast({load_id} as bigint) as load_id,
    strftime(cast(tick as timestamp), '%Y-%m') as mes
from read_csv(
    {csv}, columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\r\n', max_line_size = 40000000, buffer_size = 40000000
)
