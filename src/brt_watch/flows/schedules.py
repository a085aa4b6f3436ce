"""The schedule of the capture in a process that runs its own flow, without a Prefect Server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pendulum
from prefect.schedules.clocks import ClockEvent

from brt_watch.capture.ticks import MIN_TIME_LEFT
from brt_watch.clock import MINUTE, Clock, floor


class EveryMinute:
    """Every minute of a clock, beginning with the rest of the current one.

    Prefect's own schedules yield the minute after the one that the clock shows. After the clock was set back or ahead,
    during a run or between two, that would skip the rest of a minute.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun: datetime | None = None

    def next(self, n: int, after: datetime | None = None, return_events: bool = False) -> list[Any]:  # noqa: ARG002
        """Return when the next run begins: at once, if the current minute had no run yet."""
        now = self._clock.now()
        minute = floor(now + MIN_TIME_LEFT, MINUTE)
        if minute == self._begun:
            minute += MINUTE
        self._begun = minute
        start = pendulum.instance(self._clock.to_real(max(minute, now)))
        return [ClockEvent(start) if return_events else start]
