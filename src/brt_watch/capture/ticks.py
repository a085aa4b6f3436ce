"""Ticks: the scheduled times of polls, whatever the machine's clock does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from brt_watch.capture.capture import Capture
from brt_watch.clock import MINUTE, floor, ticks_after

MIN_TIME_LEFT = timedelta(seconds=5)
"""With less time than this before the next tick, a poll waits for that tick instead."""

LONGEST_OUTAGE = timedelta(days=1)
"""After an outage, missed ticks are written for at most this long before the first new poll."""


def ticks_of_minute(minute: datetime, capture: Capture) -> list[datetime]:
    """Return the ticks of a minute that can still be polled and were not just polled; none if the minute is over."""
    # A minute ahead of the clock was scheduled before the clock was set back.
    minute = min(minute, floor(capture.clock.now() + MIN_TIME_LEFT, MINUTE))
    ticks = takewhile(lambda tick: tick < minute + MINUTE, ticks_after(minute - capture.step, capture.step))
    now, newest = capture.clock.now(), capture.files.newest_tick()
    kept = newest if newest and newest <= now else None
    return [tick for tick in ticks if now <= tick + capture.step - MIN_TIME_LEFT and tick != kept]


def next_ticks(capture: Capture) -> Iterator[datetime]:
    """Yield the current tick if it can still be polled, then each following tick, without end."""
    tick = floor(capture.clock.now() + MIN_TIME_LEFT, capture.step)
    if capture.files.newest_tick() == tick:
        tick += capture.step
    while True:
        yield tick
        # Ticks while the machine slept are lost; after the clock is set back, ticks repeat.
        current = floor(capture.clock.now() + MIN_TIME_LEFT, capture.step)
        tick = min(max(tick + capture.step, current), current + capture.step)


def unique_tick(tick: datetime, previous: datetime | None, capture: Capture) -> datetime:
    """Return the tick, with microseconds if it repeats because the clock was set back.

    The answer at such a time is as good as any, so it gets its own tick.
    """
    if previous and tick < previous:
        capture.files.state.note_clock_set_back(previous)
    until = capture.files.state.clock_set_back_from()
    comes_again = tick == previous or (until is not None and tick <= until)
    return tick.replace(microsecond=capture.clock.now().microsecond or 1) if comes_again else tick


def missed_ticks(previous: datetime | None, tick: datetime, capture: Capture) -> Iterator[datetime]:
    """Yield the ticks between the previous line of the ledger and this tick: nothing was running."""
    if previous:
        start = max(previous, tick - LONGEST_OUTAGE)
        yield from takewhile(lambda missed: missed < floor(tick, capture.step), ticks_after(start, capture.step))
