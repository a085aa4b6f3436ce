"""Time limits without a good poll: the only table of these times."""

from __future__ import annotations

from datetime import timedelta

GAP = timedelta(seconds=90)
"""History: the time between two good polls further apart than this counts as not captured."""

BEHIND = timedelta(minutes=3)
"""Health: after this the capture has a problem, for `brt-watch status`, /health, and the page."""

ALERT = timedelta(minutes=5)
"""Contract watch: after this the webhook is called. Later than the others: an alert wakes somebody."""
