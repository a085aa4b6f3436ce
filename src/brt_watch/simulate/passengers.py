"""Passengers: how many arrive at a station for a line, how many a bus takes or leaves, and how long they wait."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import NamedTuple

from brt_watch.clock import RIO
from brt_watch.network import LinePath, Network, metres_between
from brt_watch.simulate.holidays import Kind, kind_of
from brt_watch.simulate.timetable import DAY_BEGINS

BOARDINGS = {"TransOeste": 246_000, "TransCarioca": 159_000, "TransBrasil": 139_000, "TransOlimpica": 51_000}
"""Boardings on a weekday by corridor (MobiRio, November 2025)."""

BOARDINGS_OF_A_TRIP = 40.0
"""On a line outside the corridors: a feeder."""

OF_A_DAY = {Kind.WEEKDAY: 1.0, Kind.SATURDAY: 0.55, Kind.SUNDAY: 0.33}
"""Boardings by kind of day, relative to a weekday."""

TOWARDS_WORK = [(3, 1.3), (9, 0.8), (16, 0.75), (20, 0.5)]
FROM_WORK = [(3, 0.7), (9, 0.8), (16, 1.3), (20, 0.8)]
"""Relative number of passengers per planned trip by hour of the day; the timetable already has the peaks."""

CENTRES = ((-22.8987, -43.2109), (-23.0005, -43.3653))
"""Where most people work: the centre (Terminal Gentileza) and Barra da Tijuca (Terminal Alvorada)."""

CAPACITY = 170
"""Places of a bus, most of them standing."""

PATIENCE_S = 2700
"""Maximum wait: passengers who would have arrived earlier have left."""

AT_A_TERMINAL, AT_THE_END = 3.0, 4.0
"""Passengers at a terminal and at the end of a line, relative to a station."""

DAY_S = 86_400
_DAY_BEGINS_S = DAY_BEGINS.total_seconds() + 3 * 3600
"""When a service day begins, in seconds after midnight UTC."""

DEAD_TIME_S, BOARDING_S, ALIGHTING_S = 9.0, 0.3, 0.25
"""Dwell time without passengers, and the time per passenger; prepaid level boarding through several wide doors."""


class Boarding(NamedTuple):
    """Passengers who board and are left behind, and the average wait of those who board."""

    boarded: int
    left_behind: int
    waited_s: float


class Demand:
    """The passengers of a path who wait at each of its stops."""

    def __init__(self, name: str, hours: list[float], weights: list[float]) -> None:
        self._name = name
        self._by_hour = [0.0, *accumulate(hours), sum(hours)]
        self._factors: dict[float, float] = {}
        ahead = [sum(weights[number + 1 :]) for number in range(len(weights))]
        boards = [weight * rest for weight, rest in zip(weights, ahead, strict=True)]
        self.share = [each / sum(boards) for each in boards]
        self.alight = [
            weight / (weight + rest) if number else 0.0
            for number, (weight, rest) in enumerate(zip(weights, ahead, strict=True))
        ]
        self._since = [-math.inf] * len(weights)
        self._left = [(0, 0.0)] * len(weights)

    def board(self, stop: int, now: float, room: int, chance: Random) -> Boarding:
        """Let waiting passengers board while there is room."""
        since = max(self._since[stop], now - PATIENCE_S)
        came = poisson(self.share[stop] * self._came(since, now), chance)
        waited = (now - since) / 2
        if came:
            waited += chance.gauss(0, 1) * (now - since) / math.sqrt(12 * came)
        left, arrived_at = self._left[stop]
        waiting = came + left
        mean = (came * min(max(waited, 0.0), now - since) + left * (now - arrived_at)) / waiting if waiting else 0.0
        boarded = min(waiting, room)
        self._since[stop] = now
        self._left[stop] = (waiting - boarded, now - mean)
        return Boarding(boarded, waiting - boarded, mean)

    def put_down(self, stop: int, now: float, count: int) -> None:
        """Make passengers of a bus that goes no further wait for the next one."""
        left, arrived_at = self._left[stop]
        if count + left:
            self._left[stop] = (left + count, (left * arrived_at + count * now) / (left + count))

    def _came(self, since: float, until: float) -> float:
        """Return the expected number of passengers for the path between two times of a service day."""
        day, second = divmod(until - _DAY_BEGINS_S, DAY_S)
        begin = max(second - (until - since), 0.0)
        factor = self._factors.get(day)
        if factor is None:
            date = (datetime.fromtimestamp(until, RIO) - DAY_BEGINS).date()
            factor = OF_A_DAY[kind_of(date)] * Random(f"{self._name}/{day:.0f}").lognormvariate(0, 0.05)
            self._factors[day] = factor
        return factor * (self._by(second) - self._by(begin))

    def _by(self, second: float) -> float:
        hour, rest = divmod(second, 3600)
        before, after = self._by_hour[int(hour) : int(hour) + 2]
        return before + (after - before) * rest / 3600


def demand_of(network: Network, seed: str) -> dict[tuple[str, str], Demand]:
    """Return the passengers of each path: those of its corridor, in proportion to its trips in the timetable."""
    paths = [path for path in network.paths.values() if path.linha in network.lines and len(path.stops) > 1]
    trips = {path: _trips_by_hour(network, path) for path in paths}
    of_corridor: dict[str, float] = defaultdict(float)
    for path in paths:
        of_corridor[_corridor(network, path)] += sum(trips[path])
    demand = {}
    for path in paths:
        corridor = _corridor(network, path)
        of_a_trip = BOARDINGS[corridor] / of_corridor[corridor] if corridor else BOARDINGS_OF_A_TRIP
        profile = TOWARDS_WORK if _is_towards_work(network, path) else FROM_WORK
        shares = [_at(profile, hour + 3) * count for hour, count in enumerate(trips[path])]
        total = sum(shares)
        hours = [of_a_trip * sum(trips[path]) * share / total if total else 0.0 for share in shares]
        weights = [_weight(network, stop.estacao_id) for stop in path.stops]
        weights[0], weights[-1] = max(weights[0], AT_THE_END), max(weights[-1], AT_THE_END)
        demand[path.linha, path.sentido] = Demand(f"{seed}/{path.linha}/{path.sentido}", hours, weights)
    return demand


def poisson(mean: float, chance: Random) -> int:
    """Return a Poisson variate; above 30 its normal approximation."""
    if mean > 30:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _trips_by_hour(network: Network, path: LinePath) -> list[float]:
    """Return the planned trips of each hour of the service day, which begins at three."""
    trips = [0.0] * 24
    for headway in network.lines[path.linha].headways:
        for hour in range(24):
            begin = (hour + 3) * 3600
            overlap = min(begin + 3600, headway.hora_fim_s) - max(begin, headway.hora_inicio_s)
            trips[hour] += max(overlap, 0) / headway.intervalo_s
    return trips


def _corridor(network: Network, path: LinePath) -> str:
    """Return the corridor that the passengers of a path count towards, "" for a feeder."""
    return next((each for each in network.lines[path.linha].corredores if each in BOARDINGS), "")


def _is_towards_work(network: Network, path: LinePath) -> bool:
    first, last = (network.stations[path.stops[number].estacao_id] for number in (0, -1))
    near = [
        min(metres_between(station.latitude, station.longitude, *centre) for centre in CENTRES)
        for station in (first, last)
    ]
    return near[1] < near[0]


def _weight(network: Network, station: str) -> float:
    if network.stations[station].tipo == "terminal":
        return AT_A_TERMINAL
    return Random(f"{station}/passengers").lognormvariate(0, 0.6)


def _at(profile: list[tuple[int, float]], hour: int) -> float:
    return next((factor for since, factor in reversed(profile) if hour >= since), profile[-1][1])
