-- How many signals each poll saw first.
update brt_poll
set signals = seen.signals
from unnest(%(ticks)s::timestamptz [], %(signals)s::integer []) as seen (tick, signals)
where brt_poll.capturer = %(capturer)s and brt_poll.tick = seen.tick
