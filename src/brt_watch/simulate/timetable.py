"""The departures of a day of service, by the headways of the network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from brt_watch.clock import RIO
from brt_watch.network import Network, Path

DAY_BEGINS = timedelta(hours=3)
"""The hour in which the fewest buses drive."""

HEADWAY_FACTORS = [(5, 1.2), (9, 0.85), (16, 1.2), (20, 0.6)]
"""The intervals that were driven, beside the timetable, from an hour of the day on: fewer buses in the peaks, more
between them, and in the evening many more than at 22 h, which is all that is known of it."""

WEEKEND_FACTOR = {5: 1.6, 6: 2.9}
"""And of Saturday and Sunday, beside a weekday's."""


class Departure(NamedTuple):
    """A trip of the timetable."""

    at: float
    path: Path


def service_day(moment: datetime) -> datetime:
    """Return the beginning of the day of service that a moment belongs to."""
    local = moment.astimezone(RIO) - DAY_BEGINS
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY_BEGINS


def timetable(network: Network, day: datetime, seed: str) -> Iterator[Departure]:
    """Yield the departures of a day of service, by line and direction."""
    midnight = (day - DAY_BEGINS).timestamp()
    weekend = WEEKEND_FACTOR.get((day - DAY_BEGINS).weekday(), 1.0)
    for path in network.paths.values():
        if path.linha not in network.lines or len(path.stops) < 2:
            continue
        chance = Random(f"{seed}/{day.date()}/{path.linha}/{path.sentido}")
        for headway in network.lines[path.linha].headways:
            driven = next(
                (factor for hour, factor in reversed(HEADWAY_FACTORS) if headway.hora_inicio_s >= hour * 3600), 1.0
            )
            step = headway.intervalo_s * weekend * driven
            at = headway.hora_inicio_s + chance.uniform(0, step)
            while at < headway.hora_fim_s:
                yield Departure(midnight + at + chance.gauss(0, step / 8), path)
                at += step
