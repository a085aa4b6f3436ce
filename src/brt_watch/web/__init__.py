"""The page and the interfaces over HTTP: `brt-watch serve`. It reads, and never writes.

newest poll on disk ──live models──▶ snapshot ──▶ /api/v1/vehicles, /lines, /stations, /stream, /gtfs-rt
marts in Postgres and the live models ──history──▶ trail, string-line, history, playback, coverage
"""
