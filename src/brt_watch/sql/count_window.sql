-- How many signals the window brought.
update brt_window set signals = %(signals)s where load_id = %(load_id)s
