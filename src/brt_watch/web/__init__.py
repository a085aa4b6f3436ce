"""The page and the interfaces over HTTP: `brt-watch serve`. It reads, and never writes.

newest poll on disk ──fleet──▶ snapshot ──▶ /api/v1/vehicles, /lines, /stations, /stream, /gtfs-rt
Postgres and the windows that wait ──past──▶ trail, string-line, history, playback, coverage
"""
