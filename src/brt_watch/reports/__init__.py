"""Reports and files of finished days, made of the marts: a page of a line and day, TIDES, observed GTFS."""
