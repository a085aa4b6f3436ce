"""The departures of a service day, from the headways of the network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from brt_watch.clock import RIO
from brt_watch.network import LinePath, Network
from brt_watch.simulate.holidays import Kind, kind_of

DAY_BEGINS = timedelta(hours=3)
"""The hour in which the fewest buses drive."""

HEADWAY_FACTORS = [(5, 1.15), (9, 0.85), (16, 1.15), (20, 0.57)]
"""The simulated headways relative to the timetable, from an hour of the day on: fewer buses in the peaks, more between
them, and in the evening many more than at 22:00, the only evening hour of the known timetable."""

HEADWAY_OF_A_DAY = {Kind.WEEKDAY: 1.0, Kind.SATURDAY: 1.6, Kind.SUNDAY: 2.9}
"""The headways by kind of day, relative to a weekday."""

DISPATCH_SIGMA = 0.45
"""The standard deviation of departures, as a share of the headway."""


class Departure(NamedTuple):
    """A trip of the timetable: `planned_at` by the plan, `due_at` when the terminal dispatches it (epoch seconds).

    `next_at` is the planned time of the following one. `name` is the same in every run with the same seed.
    """

    due_at: float
    planned_at: float
    next_at: float
    interval_s: float
    path: LinePath
    name: str


def service_day(moment: datetime) -> datetime:
    """Return the beginning of the service day of a given time."""
    local = moment.astimezone(RIO) - DAY_BEGINS
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY_BEGINS


def timetable(network: Network, day: datetime, seed: str) -> Iterator[Departure]:
    """Yield the departures of a service day, by line and direction."""
    midnight = (day - DAY_BEGINS).timestamp()
    relative = HEADWAY_OF_A_DAY[kind_of((day - DAY_BEGINS).date())]
    for path in network.paths.values():
        if path.linha not in network.lines or len(path.stops) < 2:
            continue
        name = f"{seed}/{day.date()}/{path.linha}/{path.sentido}"
        chance = Random(name)
        planned = list(_planned(network, path, relative, chance))
        following = [*planned[1:], (planned[-1][0] + planned[-1][1], 0.0)] if planned else []
        for number, ((at, step), (after, _)) in enumerate(zip(planned, following, strict=True)):
            due = at + min(max(chance.gauss(0, step * DISPATCH_SIGMA), -step), step)
            yield Departure(midnight + due, midnight + at, midnight + after, step, path, f"{name}/{number}")


def _planned(network: Network, path: LinePath, relative: float, chance: Random) -> Iterator[tuple[float, float]]:
    """Yield the second of the day of each departure and the headway that it begins."""
    for headway in network.lines[path.linha].headways:
        driven = next((factor for hour, factor in reversed(HEADWAY_FACTORS) if headway.hora_inicio_s >= hour * 3600), 1)
        step = headway.intervalo_s * relative * driven
        at = headway.hora_inicio_s + chance.uniform(0, step)
        while at < headway.hora_fim_s:
            yield at, step
            at += step
