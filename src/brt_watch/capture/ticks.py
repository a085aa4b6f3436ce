"""Ticks: the planned moments of polls, whatever the clock of the machine does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from brt_watch.capture.capture import Capture
from brt_watch.clock import MINUTE, floor, ticks_after

MIN_TIME_LEFT = timedelta(seconds=5)
"""With less time than this before the next tick, a poll waits for that tick instead."""

LONGEST_OUTAGE = timedelta(days=1)
"""After an outage the ledger is filled with missed ticks for this long before the first new poll, and not further."""


def ticks_of_minute(minute: datetime, capture: Capture) -> list[datetime]:
    """Return the ticks of a minute that can still be kept, and were not just kept; none when the minute is over."""
    # One that lies ahead was planned before the clock was set back.
    minute = min(minute, floor(capture.clock.now() + MIN_TIME_LEFT, MINUTE))
    ticks = takewhile(lambda tick: tick < minute + MINUTE, ticks_after(minute - capture.step, capture.step))
    now, newest = capture.clock.now(), capture.files.newest_tick()
    kept = newest if newest and newest <= now else None
    return [tick for tick in ticks if now <= tick + capture.step - MIN_TIME_LEFT and tick != kept]


def next_ticks(capture: Capture) -> Iterator[datetime]:
    """Yield the tick that can still be kept now, unless it was, then each that follows in its time, for ever."""
    tick = floor(capture.clock.now() + MIN_TIME_LEFT, capture.step)
    if capture.files.newest_tick() == tick:
        tick += capture.step
    while True:
        yield tick
        # After the machine slept, the ticks of that time are gone; when the clock was set back, they come again.
        current = floor(capture.clock.now() + MIN_TIME_LEFT, capture.step)
        tick = min(max(tick + capture.step, current), current + capture.step)


def unique_tick(tick: datetime, previous: datetime | None, capture: Capture) -> datetime:
    """Return the tick; with microseconds when it comes a second time because the clock was set back.

    The answer at such a moment is as good as any, so it gets a tick of its own.
    """
    if previous and tick < previous:
        capture.files.state.note_clock_set_back(previous)
    until = capture.files.state.clock_set_back_from()
    comes_again = tick == previous or (until is not None and tick <= until)
    return tick.replace(microsecond=capture.clock.now().microsecond or 1) if comes_again else tick


def missed_ticks(previous: datetime | None, tick: datetime, capture: Capture) -> Iterator[datetime]:
    """Yield the ticks between the one before in the ledger and this one: nothing was running then."""
    if previous:
        start = max(previous, tick - LONGEST_OUTAGE)
        yield from takewhile(lambda missed: missed < floor(tick, capture.step), ticks_after(start, capture.step))
