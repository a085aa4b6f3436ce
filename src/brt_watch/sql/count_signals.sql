-- How many signals each poll saw first.
update brt_poll set signals = %(signals)s where capturer = %(capturer)s and tick = %(tick)s
