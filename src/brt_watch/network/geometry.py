"""The way of a bus as a line on the ground: fewer points, metres along it, and where on it the stations are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from brt_watch.network import METRES_OF_A_DEGREE, metres_between

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""

TOLERANCE_M = 2.0
"""How many metres a point may lie beside the simpler way and be left out: less than a GPS is wrong by."""

APART_M = 1.0
"""Points, and stations, that are nearer to each other along the way than this are not told apart."""


def simplify(points: Sequence[Point]) -> list[Point]:
    """Leave out the points that hardly change the way (by Douglas and Peucker)."""
    apart: list[Point] = []
    for point in points:
        if not apart or metres_between(*apart[-1], *point) >= APART_M:
            apart.append(point)
    kept = {0, len(apart) - 1}
    spans = [(0, len(apart) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        far, where = max((_nearest(apart[i], apart[first], apart[last])[0], i) for i in range(first + 1, last))
        if far > TOLERANCE_M:
            kept.add(where)
            spans += [(first, where), (where, last)]
    return [apart[i] for i in sorted(kept)]


def running_metres(points: Sequence[Point]) -> list[float]:
    """Return for each point its metres from the first, along the way."""
    return list(accumulate((metres_between(*here, *there) for here, there in pairwise(points)), initial=0.0))


def place(stops: Sequence[Point], points: Sequence[Point], metres: Sequence[float]) -> tuple[list[float], float]:
    """Return the metres at which the stops lie along the way, in their order, and how far beside it the worst one lies.

    The nearest place for each is not enough: ways turn round in terminals and pass a station twice. So of all places
    in growing order those are taken whose squared distances are the smallest in sum. There may be none (infinity).
    """
    costs: list[float] = []
    places: list[list[tuple[float, float]]] = []
    origins: list[list[int]] = []
    for stop in stops:
        options = []
        for i, (here, there) in enumerate(pairwise(points)):
            beside, share = _nearest(stop, here, there)
            options.append((metres[i] + share * (metres[i + 1] - metres[i]), beside))
        costs, origin = _extend(costs, places[-1] if places else [], options)
        places.append(options)
        origins.append(origin)
    end = min(range(len(costs)), key=costs.__getitem__)
    if math.isinf(costs[end]):
        return [], math.inf
    chosen = []
    for options, origin in zip(reversed(places), reversed(origins), strict=True):
        chosen.append(options[end])
        end = origin[end]
    return [along for along, _ in reversed(chosen)], max(beside for _, beside in chosen)


def _extend(
    costs: list[float], before: list[tuple[float, float]], options: list[tuple[float, float]]
) -> tuple[list[float], list[int]]:
    """Add one stop: for each stretch of the way the smallest cost, and the stretch of the stop before."""
    if not before:
        return [beside**2 for _, beside in options], [0] * len(options)
    extended, origin = [], []
    smallest = 0
    for i, (along, beside) in enumerate(options):
        # A stretch is longer than APART_M, so of those before the last one every place is far enough behind.
        if i >= 2 and costs[i - 2] < costs[smallest]:
            smallest = i - 2
        behind = [k for k in (i - 1, i) if k >= 0 and before[k][0] + APART_M <= along]
        behind += [smallest] if i >= 2 else []
        best = min(behind, key=costs.__getitem__, default=-1)
        extended.append(math.inf if best < 0 else costs[best] + beside**2)
        origin.append(best)
    return extended, origin


def _nearest(point: Point, here: Point, there: Point) -> tuple[float, float]:
    """Return the metres from a point to a stretch, and the share of the stretch that lies before the nearest place."""
    across = METRES_OF_A_DEGREE * math.cos(math.radians(here[0]))
    x, y = (point[1] - here[1]) * across, (point[0] - here[0]) * METRES_OF_A_DEGREE
    dx, dy = (there[1] - here[1]) * across, (there[0] - here[0]) * METRES_OF_A_DEGREE
    length = dx * dx + dy * dy
    share = min(1.0, max(0.0, (x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x - share * dx, y - share * dy), share
