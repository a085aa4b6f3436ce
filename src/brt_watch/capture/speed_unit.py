"""The unit of a feed's speeds, measured from the distance that its vehicles cover between signals.

GTFS-Realtime specifies metres per second, and some feeds send km/h. The measurement changes nothing: the unit is a
setting of the feed (its kind), `brt-watch status` and an alert report when it does not fit, and a rebuild from the raw
answers reads everything in the other unit.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from brt_watch import disk
from brt_watch.capture.contract import Trouble
from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.feeds.feed import Feed
from brt_watch.model import Parsed, Poll

ENOUGH = 100
"""Pairs of signals needed for a measurement."""

KEPT = 1000

SHORTEST_M = 100.0
SHORTEST_S, LONGEST_S = 10.0, 90.0
"""Pairs of signals closer together show little about the speed; between pairs farther apart it has changed."""

MIDDLE = math.sqrt(3.6)
"""The factor between the two units: speeds that are off by more have the other unit."""


class Measured(msgspec.Struct, frozen=True):
    """The measurement: the reported speeds, in km/h by the setting, relative to those from the distances."""

    unit: str
    """The unit of the setting."""
    factor: float
    pairs: int

    @property
    def looks_like(self) -> str:
        """The unit in which the speeds seem to come."""
        if self.unit == "m/s":
            return "km/h" if self.factor > MIDDLE else "m/s"
        return "m/s" if self.factor < 1 / MIDDLE else "km/h"

    @property
    def sentence(self) -> str:
        """The measurement, for people."""
        fits = self.looks_like == self.unit
        return f"speeds are read as {self.unit}, and {'fit' if fits else f'look like {self.looks_like}'}: " + (
            f"{self.factor:.1f} times those of {self.pairs} ways from signal to signal"
        )


class SpeedUnit:
    """The measurement of one feed. It begins again in a new process; the last result is on disk."""

    def __init__(self, data: Path) -> None:
        self._path = data / "speed-unit.json"
        self._latest: dict[str, tuple[int, float, float]] = {}
        self._factors: deque[float] = deque(maxlen=KEPT)

    def measured(self) -> Measured | None:
        """Return the last measurement; None before the first."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Measured)
        except (OSError, msgspec.MsgspecError):
            return None

    def trouble(self, feed: Feed, poll: Poll, parsed: Parsed | None) -> Trouble | None:
        """Add the signals of a poll; return the trouble with the unit, None if there is none or it is unknown."""
        if not feed.speed_unit or parsed is None:
            return None
        self._take(parsed.records)
        if len(self._factors) < ENOUGH:
            found = self.measured()
        else:
            found = Measured(feed.speed_unit, round(statistics.median(self._factors), 2), len(self._factors))
            if (known := self.measured()) is None or (known.unit, known.looks_like) != (found.unit, found.looks_like):
                disk.write_durably(self._path, msgspec.json.encode(found))
        if found is None or found.unit != feed.speed_unit or found.looks_like == feed.speed_unit:
            return None
        kind = {"km/h": "gtfs_rt_kmh", "m/s": "gtfs_rt"}[found.looks_like]
        return Trouble("speed_unit", "", f"{found.sentence}; the kind of the feed for that is {kind}", poll.tick)

    def _take(self, records: Iterable[Any]) -> None:
        for record in records:
            before = self._latest.get(record.vehicle)
            latitude, longitude, at = record.latitude, record.longitude, record.stamp_ms
            self._latest[record.vehicle] = (at, latitude, longitude)
            if before is None or not record.velocidade:
                continue
            seconds = (at - before[0]) / 1000
            if not SHORTEST_S <= seconds <= LONGEST_S:
                continue
            east = (longitude - before[2]) * math.cos(math.radians(latitude))
            metres = math.hypot(latitude - before[1], east) * METRES_OF_A_DEGREE
            if metres >= SHORTEST_M:
                self._factors.append(record.velocidade / (metres / seconds * 3.6))
