"""Time: the clocks of the steps, and the grid of scheduled times (ticks)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo

UTC = timezone.utc
MINUTE = timedelta(minutes=1)

RIO = timezone(timedelta(hours=-3), "Rio")
"""Rio has had no daylight-saving time since 2019."""


class Clock:
    """The wall clock, in UTC."""

    speed = 1.0

    def now(self) -> datetime:
        """Return the current time (timezone-aware, UTC)."""
        return datetime.now(UTC)

    def to_real(self, moment: datetime) -> datetime:
        """Return the wall-clock time at which this clock shows `moment`."""
        return moment

    def from_real(self, real: datetime) -> datetime:
        """Return the time that this clock shows at the wall-clock time `real`."""
        return real

    def real_seconds(self, span: timedelta) -> float:
        """Return the wall-clock seconds that `span` of this clock lasts."""
        return span.total_seconds() / self.speed

    def sleep_until(self, moment: datetime) -> None:
        """Sleep until `moment`, or return at once if it has passed; never longer than computed at the start.

        If the clock is set back meanwhile, it shows less than `moment` afterwards.
        """
        # One second more, because a clock under correction may run slow.
        latest = time.monotonic() + self.real_seconds(moment - self.now()) + 1
        # Short naps, because one long sleep would not notice a changed clock or a suspended machine.
        while (wait := min(self.real_seconds(moment - self.now()), latest - time.monotonic())) > 0:
            time.sleep(min(wait, 1.0))


class PretendClock(Clock):
    """A clock that shows another time and runs faster, to play recordings at their own date.

    Written `2025-06-05T21:44:00Z@1764000000x30`: at the real epoch second 1764000000 it shows 21:44:00, and runs 30
    times as fast from there. Processes with the same text agree on the time.
    """

    _form = re.compile(r"(?P<shows>[^@]+)@(?P<real>\d+(\.\d+)?)x(?P<speed>\d+(\.\d+)?)")

    def __init__(self, written: str) -> None:
        match = self._form.fullmatch(written.strip())
        if not match or float(match["speed"]) <= 0:
            raise ValueError("a simulated clock is written like 2025-06-05T21:44:00Z@1764000000x30")
        self.shows = parse_moment(match["shows"])
        self.real = datetime.fromtimestamp(float(match["real"]), UTC)
        self.speed = float(match["speed"])

    @staticmethod
    def written(shows: datetime, speed: float) -> str:
        """Return the text of a clock that shows `shows` now and runs `speed` times as fast."""
        return f"{write_moment(shows)}@{datetime.now(UTC).timestamp():.0f}x{speed:g}"

    def now(self) -> datetime:
        """Return the simulated time."""
        return self.from_real(datetime.now(UTC))

    def to_real(self, moment: datetime) -> datetime:
        """Return the wall-clock time at which this clock shows `moment`."""
        return self.real + (moment - self.shows) / self.speed

    def from_real(self, real: datetime) -> datetime:
        """Return the time that this clock shows at the wall-clock time `real`."""
        return self.shows + (real - self.real) * self.speed


class StillClock(Clock):
    """A clock that moves only during a sleep, and then at once: for simulated history and for tests."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        """Return the time at which it stands."""
        return self.time

    def sleep_until(self, moment: datetime) -> None:
        """Move to `moment`, unless it has passed."""
        self.time = max(self.time, moment)


def floor(moment: datetime, step: timedelta) -> datetime:
    """Return the last multiple of `step` since 1970 that is not after `moment`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % step


def ticks_after(start: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the scheduled times after `start`, without end."""
    tick = floor(start, step)
    while True:
        tick += step
        yield tick


SERVICE_DAY_BEGINS = timedelta(hours=3)
"""Service days begin at 03:00 by the city's clocks."""


def service_day(moment: datetime, zone: tzinfo) -> date:
    """Return the service day of a time in a city whose clocks have this zone."""
    return (moment.astimezone(zone) - SERVICE_DAY_BEGINS).date()


def begin_of_day(day: date, zone: tzinfo) -> datetime:
    """Return when a service day begins (UTC). Its length is 24 hours, except where the clocks change."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) + SERVICE_DAY_BEGINS).astimezone(UTC)


def gtfs_midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment from which GTFS counts the times of a service day: noon minus twelve hours (UTC)."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC) - timedelta(hours=12)


def parse_moment(text: str) -> datetime:
    """Parse an ISO 8601 time with a zone; raises ValueError."""
    moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text.strip()))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def write_moment(moment: datetime) -> str:
    """Format a time as ISO 8601 in UTC, to the microsecond: `2026-11-23T18:00:20.123456Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def write_tick(tick: datetime) -> str:
    """Format a tick for a file name: `20261123T180020Z`, or `20261123T180020.000417Z`."""
    return tick.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ").replace(".000000", "")


def parse_tick(text: str) -> datetime:
    """Parse the output of `write_tick`; raises ValueError."""
    form = "%Y%m%dT%H%M%S.%fZ" if "." in text else "%Y%m%dT%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC)
