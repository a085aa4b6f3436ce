"""When the days of a lake turn: at 03:00 by the clocks of its city, as those of the models.

A lake keeps the turn with which it began, in `lake/dias.json`: a signal whose day changed would not be found in the
file of that day, and added again. Without `dias.json` days turn at 06:00 UTC: 03:00 in Rio; so they do in the lakes of
other cities that are older than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from brt_watch import disk
from brt_watch.clock import SERVICE_DAY_BEGINS, UTC
from brt_watch.feeds.brt import ZONE

FILE = "dias.json"


@dataclass(frozen=True)
class Turn:
    """The moment at which days turn, by the clocks of a zone."""

    zone: tzinfo
    begins: timedelta

    def day(self, moment: datetime) -> date:
        """Return the day of a moment."""
        return (moment.astimezone(self.zone) - self.begins).date()

    def span(self, day: str) -> tuple[datetime, datetime]:
        """Return when a day begins and ends (UTC); its length is 24 hours, except where the clocks change."""
        first = date.fromisoformat(day)
        # The last day of the calendar has no next one.
        end = datetime.max.replace(tzinfo=UTC) if first == date.max else self._begin(first + timedelta(days=1))
        return self._begin(first), end

    def _begin(self, day: date) -> datetime:
        return (datetime(day.year, day.month, day.day, tzinfo=self.zone) + self.begins).astimezone(UTC)

    def sql(self, moment: str) -> str:
        """Return the day of a timestamptz, for a session of DuckDB whose zone is UTC."""
        # UTC needs no calendar, which takes ten times as long.
        local = f"make_timestamp(epoch_us({moment}))" if self == OF_RIO else f"timezone('{self.zone}', {moment})"
        return f"cast({local} - interval '{self.begins // timedelta(hours=1)} hours' as date)"


OF_RIO = Turn(UTC, timedelta(hours=6))
"""03:00 in Rio, whose clocks have not changed since 2019."""


class _Kept(msgspec.Struct):
    fuso_horario: str


def kept_turn(lake: Path) -> Turn | None:
    """Return the turn that a lake keeps, None if it keeps none."""
    text = disk.read(lake / FILE)
    return of_city(ZoneInfo(msgspec.json.decode(text, type=_Kept).fuso_horario)) if text else None


def keep_turn(lake: Path, turn: Turn) -> None:
    """Write the turn of a lake that begins."""
    disk.write_durably(lake / FILE, msgspec.json.encode(_Kept(str(turn.zone))))


def of_city(zone: ZoneInfo) -> Turn:
    """Return the turn of a new lake in a city."""
    return OF_RIO if zone.key == ZONE else Turn(zone, SERVICE_DAY_BEGINS)
