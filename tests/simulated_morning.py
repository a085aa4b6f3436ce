"""Times at which a simulation is cheap: before it shows anything it has to drive its day from 03:00 on."""

from __future__ import annotations

from datetime import datetime, timezone

from brt_watch.clock import PretendClock

PARKED = datetime(2026, 11, 24, 6, 40, tzinfo=timezone.utc)
"""03:40 in Rio on a Tuesday, when nearly all buses are in their garages."""

EARLY = datetime(2026, 11, 24, 8, 20, tzinfo=timezone.utc)
"""05:20 in Rio on that day, when all lines run."""


def clock_at(moment: datetime, speed: float = 1) -> str:
    """Return the setting BRT_WATCH_CLOCK of a clock that shows `moment` now and runs `speed` times as fast as ours."""
    return PretendClock.written(moment, speed)
