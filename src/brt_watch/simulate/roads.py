"""The roads under the lines: the stations that a path passes, stopping or not, and the lanes that lines share.

Between two successive stations the BRT has one lane per direction, without overtaking. Stations have a second one, on
which buses that do not stop pass those that do.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import NamedTuple

from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.network import LinePath, Network
from brt_watch.simulate.motion import GOVERNOR_KMH, place_on, seconds_of_a_run, seconds_to_pass

BESIDE_M = 60
"""A station this close to a path lies on it."""

APART_M = 150
"""Stations of a path closer to each other along it count as one."""

EAST = math.cos(math.radians(-22.93))


class Node(NamedTuple):
    """A station on a path: `stop` is its number among the stops of the path, None where the line does not stop.

    `section` is the lane that leads here, `platform` the one at which the line stops, `limit_ms` the maximum speed
    since the previous stop, `share` the elapsed share of the time from that stop to the next.
    """

    estacao_id: str
    metres: float
    stop: int | None
    section: int
    platform: int
    share: float
    limit_ms: float


class Gap(NamedTuple):
    """A run from one stop of a path to the next: metres, maximum speed in m/s, seconds if undisturbed."""

    length_m: float
    limit_ms: float
    free_s: float


class Drive(NamedTuple):
    """A path as the traffic drives it. `at_stop` is the node number of each stop.

    `turns` is, for each stop, the stop of the opposite path at which a bus that turns back begins.
    """

    path: LinePath
    nodes: tuple[Node, ...]
    gaps: tuple[Gap, ...]
    at_stop: tuple[int, ...]
    turns: tuple[int | None, ...]


class Roads:
    """The drives of a network, by line and direction, and the lanes and platforms that they share."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sections: dict[tuple[str, str], int] = {}
        self._platforms: dict[tuple[str, bool], list[tuple[float, int]]] = defaultdict(list)
        self.platforms = 0
        paths = [path for path in network.paths.values() if path.linha in network.lines and len(path.stops) > 1]
        used = {stop.estacao_id for path in paths for stop in path.stops}
        self._stations = [station for station in network.stations.values() if station.estacao_id in used]
        # Imported here: every command would take longer to start.
        from shapely import Point, STRtree

        self._tree = STRtree([Point(*_plane(station.latitude, station.longitude)) for station in self._stations])
        self.drives = {(path.linha, path.sentido): self._drive(path) for path in paths}

    @property
    def sections(self) -> int:
        """The number of lanes between stations."""
        return len(self._sections)

    def _drive(self, path: LinePath) -> Drive:
        places = self._places(path)
        at_stop = tuple(number for number, (_, _, stop) in enumerate(places) if stop is not None)
        gaps = []
        shares = [(0.0, 1.0)]
        for first, last in pairwise(at_stop):
            metres = [place[1] - places[first][1] for place in places[first + 1 : last + 1]]
            limit = _limit(places[first][0], places[last][0]) * GOVERNOR_KMH / 3.6
            free = seconds_of_a_run(metres[-1], limit)
            gaps.append(Gap(metres[-1], limit, free))
            shares += [(seconds_to_pass(each, metres[-1], limit) / free, limit) for each in metres[:-1]]
            shares.append((1.0, limit))
        nodes = [
            Node(station, metres, stop, self._section(places, number), self._platform(path, station, metres), *share)
            for number, ((station, metres, stop), share) in enumerate(zip(places, shares, strict=True))
        ]
        return Drive(path, tuple(nodes), tuple(gaps), at_stop, self._turns(path))

    def _places(self, path: LinePath) -> list[tuple[str, float, int | None]]:
        """Return the stations on a path in order, with the stop number where the line stops."""
        from shapely import LineString

        line = LineString([_plane(*point) for point in zip(path.latitudes, path.longitudes, strict=True)])
        stops = [(stop.estacao_id, stop.distancia_m, number) for number, stop in enumerate(path.stops)]
        places: list[tuple[str, float, int | None]] = list(stops)
        own = {stop.estacao_id for stop in path.stops}
        for number in self._tree.query(line, predicate="dwithin", distance=BESIDE_M):
            station = self._stations[number]
            metres = line.project(self._tree.geometries[number], normalized=True) * path.length_m
            first, last = path.stops[0].distancia_m, path.stops[-1].distancia_m
            near = any(abs(metres - known) < APART_M for _, known, _ in places)
            if station.estacao_id not in own and first < metres < last and not near:
                places.append((station.estacao_id, metres, None))
        return sorted(places, key=lambda place: place[1])

    def _section(self, places: list[tuple[str, float, int | None]], number: int) -> int:
        key = (places[number - 1][0] if number else "", places[number][0])
        return self._sections.setdefault(key, len(self._sections))

    def _platform(self, path: LinePath, station: str, metres: float) -> int:
        """Return the platform of a station for a direction and a kind of service."""
        heading = place_on(path, metres).heading
        known = self._platforms[station, self._network.lines[path.linha].servico == "parador"]
        for other, platform in known:
            if abs((heading - other + 180) % 360 - 180) < 90:
                return platform
        known.append((heading, self.platforms))
        self.platforms += 1
        return known[-1][1]

    def _turns(self, path: LinePath) -> tuple[int | None, ...]:
        opposite = self._network.paths.get((path.linha, "volta" if path.sentido == "ida" else "ida"))
        number_of = {stop.estacao_id: number for number, stop in enumerate(opposite.stops)} if opposite else {}
        turns = []
        for number, stop in enumerate(path.stops):
            there = number_of.get(stop.estacao_id)
            is_midway = 2 <= number < len(path.stops) - 2 and there is not None and opposite is not None
            turns.append(there if is_midway and there is not None and there < len(number_of) - 2 else None)
        return tuple(turns)


def _limit(station: str, following: str) -> float:
    """Return the speed of a line between two stops, as a share of the limiter: bends, crossings, tunnels."""
    chance = Random(f"{station} {following}")
    return 1.0 if chance.random() < 0.65 else chance.uniform(0.6, 0.95)


def _plane(latitude: float, longitude: float) -> tuple[float, float]:
    return longitude * METRES_OF_A_DEGREE * EAST, latitude * METRES_OF_A_DEGREE
