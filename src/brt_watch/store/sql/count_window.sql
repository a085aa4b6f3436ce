-- How many signals the window brought, and how many came with other content than the first sight that is kept.
update brt_window set signals = %(signals)s, conflicts = %(conflicts)s where load_id = %(load_id)s
