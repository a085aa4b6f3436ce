"""The page and the API over HTTP: `brt-watch serve`. It is read-only.

newest poll on disk ──live models──▶ snapshot ──▶ /api/v1/vehicles, /lines, /stations, /stream, /gtfs-rt
marts in Postgres and the live models ──history──▶ trail, string-line, history, playback, coverage
"""
