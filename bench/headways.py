"""How evenly buses follow one another, as far as some minutes of answers show it: headways at stations, and gaps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import mean, pstdev
from typing import NamedTuple

from shapely import LineString, Point

from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.network import LinePath, Network

Key = tuple[str, str]

ON_PATH_M = 60
FASTEST_MS = 25
LONGEST_GAP_S = 180
BUSES = 4
"""The fewest buses of a line and direction from which the evenness of their gaps is measured."""

EAST = math.cos(math.radians(-22.93))


class Position(NamedTuple):
    """A bus with the line and direction of its label; `at` is the device's stamp (epoch seconds)."""

    codigo: str
    key: Key
    at: float
    latitude: float
    longitude: float


class Evenness(NamedTuple):
    """The coefficient of variation of headways and of gaps, and the share of headways under a quarter of the plan."""

    headways: float
    bunched: float
    gaps: float


def evenness(answers: Iterable[Sequence[Position]], network: Network, hour_s: float) -> Evenness:
    """Measure successive answers. `hour_s` is their second of the day in Rio, for the planned headway.

    Each headway and each gap is divided by the mean of those of its line and direction, so that frequent and rare
    lines count alike. A headway longer than the recording is not seen: the numbers compare only at equal length.
    """
    tracks: dict[tuple[str, Key], list[tuple[float, float]]] = defaultdict(list)
    gaps: list[float] = []
    for positions in answers:
        along: dict[Key, list[float]] = defaultdict(list)
        for position in positions:
            path = network.paths.get(position.key)
            if not path or (metres := metres_on(path, position)) is None:
                continue
            track = tracks[position.codigo, position.key]
            if not track or position.at > track[-1][0]:
                track.append((position.at, metres))
            along[position.key].append(metres)
        for places in along.values():
            if len(places) >= BUSES:
                between = [after - before for before, after in pairwise(sorted(places))]
                gaps += [gap / mean(between) for gap in between]
    passed: dict[tuple[Key, str], list[float]] = defaultdict(list)
    for (_, key), track in tracks.items():
        for station, at in _passages(network.paths[key], track):
            passed[key, station].append(at)
    return _of(passed, gaps, network, hour_s)


def _of(passed: dict[tuple[Key, str], list[float]], gaps: list[float], network: Network, hour_s: float) -> Evenness:
    by_line: dict[Key, list[float]] = defaultdict(list)
    for (key, _), moments in passed.items():
        by_line[key] += [after - before for before, after in pairwise(sorted(moments))]
    headways, bunched = [], []
    for key, seen in by_line.items():
        spans = (each for each in network.lines[key[0]].headways if each.hora_inicio_s <= hour_s < each.hora_fim_s)
        planned = next((each.intervalo_s for each in spans), None)
        if len(seen) >= BUSES:
            headways += [headway / mean(seen) for headway in seen]
        if planned:
            bunched += [headway < planned / 4 for headway in seen]
    return Evenness(pstdev(headways), sum(bunched) / len(bunched), pstdev(gaps))


def _passages(path: LinePath, track: list[tuple[float, float]]) -> Iterable[tuple[str, float]]:
    """Yield the stations that lie between two signals, and when the bus was there, if it drove evenly."""
    for (since, start), (until, end) in pairwise(track):
        if until - since < LONGEST_GAP_S and 0 < end - start < FASTEST_MS * (until - since):
            for stop in path.stops[1:-1]:
                if start < stop.distancia_m <= end:
                    yield stop.estacao_id, since + (until - since) * (stop.distancia_m - start) / (end - start)


def metres_on(path: LinePath, position: Position) -> float | None:
    """Return how far along its path a position is, None beside it."""
    line, point = _line(path), Point(*_plane(position.latitude, position.longitude))
    if line.distance(point) > ON_PATH_M:
        return None
    metres = line.project(point, normalized=True) * path.length_m
    return metres if path.stops[0].distancia_m + 150 < metres < path.stops[-1].distancia_m - 150 else None


@lru_cache(maxsize=200)
def _line(path: LinePath) -> LineString:
    return LineString([_plane(*point) for point in zip(path.latitudes, path.longitudes, strict=True)])


def _plane(latitude: float, longitude: float) -> tuple[float, float]:
    return longitude * METRES_OF_A_DEGREE * EAST, latitude * METRES_OF_A_DEGREE
