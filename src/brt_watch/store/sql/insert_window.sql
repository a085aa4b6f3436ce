-- The row of a window. Returns its load_id, or nothing when the window was loaded before.
insert into brt_window (
    capturer, "window", feed_url, code_version, first_tick, last_tick, polls, good_polls, captured_minutes,
    records, signals, conflicts, rejects, feed
)
values (
    %(capturer)s, %(window)s, %(feed_url)s, %(code_version)s, %(first_tick)s, %(last_tick)s, %(polls)s,
    %(good_polls)s, %(captured_minutes)s, %(records)s, 0, 0, %(rejects)s, %(feed)s
)
on conflict (capturer, "window") do nothing
returning load_id
