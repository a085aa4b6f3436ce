"""How long the program waits for a good poll before it says so.

Two other times are not of this kind. The models have one for headways (`intervalo_buraco_segundos`, three minutes): a
passage is interpolated between two signals up to three minutes apart, so a shorter hole hides no bus, while a picture
should show each hole. The page asks the server again, and shows the age of its data, when it has not heard of it for
a minute (`QUIET` in `live.js`).
"""

from __future__ import annotations

from datetime import timedelta

GAP = timedelta(seconds=90)
"""History: the time between two good polls further apart than this counts as not captured."""

BEHIND = timedelta(minutes=3)
"""Health: after this the capture has a problem, for `brt-watch status`, /health, and the page."""

ALERT = timedelta(minutes=5)
"""Contract watch: after this the webhook is called. Later than the others: an alert wakes somebody."""
