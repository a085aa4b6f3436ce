"""Geometry of paths: fewer points, metres along them, where stations lie on them, and how far two paths lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.network import metres_between

if TYPE_CHECKING:
    # Imported where they are used: every command would take a tenth longer to start.
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""

Metres: TypeAlias = "NDArray[np.float64]"

TOLERANCE_M = 2.0
"""Maximum distance between a path and its simplified form; less than the GPS error."""

APART_M = 1.0
"""Minimum distance along a path between two of its points, and between two of its stations."""


class Plane:
    """A plane in metres that touches the Earth at a latitude; 0.2 % exact over a city."""

    def __init__(self, latitude: float) -> None:
        import numpy as np

        self._scale = np.array([METRES_OF_A_DEGREE * math.cos(math.radians(latitude)), METRES_OF_A_DEGREE])

    @classmethod
    def of(cls, points: Sequence[Point]) -> Plane:
        """Return the plane at the middle of some points."""
        import numpy as np

        return cls(float(np.mean([latitude for latitude, _ in points])))

    def metres(self, points: Sequence[Point]) -> Metres:
        """Return metres east and north, a row for each point."""
        import numpy as np

        metres: Metres = np.asarray(points, float)[:, ::-1] * self._scale
        return metres

    def degrees(self, metres: Metres) -> list[Point]:
        """Return latitude and longitude of rows of metres east and north."""
        return [(float(latitude), float(longitude)) for longitude, latitude in metres / self._scale]


def simplify(points: Sequence[Point]) -> list[Point]:
    """Return the path with the fewest points that keep it within TOLERANCE_M (Douglas-Peucker)."""
    import numpy as np
    import shapely

    apart: list[Point] = []
    for point in points:
        if not apart or metres_between(*apart[-1], *point) >= APART_M:
            apart.append(point)
    if len(apart) < 3:
        return apart
    plane = Plane.of(apart).metres(apart)
    # Shapely keeps z: it is the index of the point, so the remaining points are exactly the given ones.
    numbered = shapely.linestrings(np.column_stack([plane, np.arange(len(plane))]))
    kept = shapely.get_coordinates(shapely.simplify(numbered, TOLERANCE_M, preserve_topology=False), include_z=True)
    return [apart[int(number)] for number in kept[:, 2]]


def running_metres(points: Sequence[Point]) -> list[float]:
    """Return for each point its metres from the first, along the path."""
    return list(accumulate((metres_between(*here, *there) for here, there in pairwise(points)), initial=0.0))


def place(stops: Sequence[Point], points: Sequence[Point], metres: Sequence[float]) -> tuple[list[float], float]:
    """Return the metres at which the stops lie along the path, in order, and the distance of the farthest one from it.

    The nearest place for each stop alone is wrong where a path turns round in a terminal or passes a station twice.
    Among all increasing sequences of places, the one with the smallest sum of squared distances wins; without any, the
    distance is infinity.
    """
    import numpy as np
    import shapely

    plane = Plane.of(points)
    line = plane.metres(points)
    pieces = shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1))
    begin, length = np.asarray(metres[:-1]), np.diff(metres)
    options: list[tuple[Metres, Metres]] = []
    origins: list[NDArray[np.intp]] = []
    costs: Metres = np.zeros(0)
    for stop in shapely.points(plane.metres(stops)):
        along = begin + length * shapely.line_locate_point(pieces, stop, normalized=True)
        beside = shapely.distance(pieces, stop)
        if options:
            # Places increase from piece to piece of a path, so the best one behind is a running minimum.
            smallest = np.minimum.accumulate(costs)
            where = np.maximum.accumulate(np.where(costs <= smallest, np.arange(len(costs)), 0))
            behind = np.searchsorted(options[-1][0], along - APART_M, side="right") - 1
            origins.append(where[behind])
            costs = np.where(behind < 0, math.inf, smallest[behind]) + beside**2
        else:
            costs = beside**2
        options.append((along, beside))
    end = int(np.argmin(costs))
    if math.isinf(costs[end]):
        return [], math.inf
    chosen = [end]
    for origin in reversed(origins):
        chosen.append(int(origin[chosen[-1]]))
    places = [(along[i], beside[i]) for (along, beside), i in zip(options, reversed(chosen), strict=True)]
    return [float(along) for along, _ in places], float(max(beside for _, beside in places))


def apart_m(path: Sequence[Point], other: Sequence[Point]) -> float:
    """Return the greatest distance in metres between two paths (Hausdorff)."""
    import shapely

    plane = Plane.of(path)
    lines: Any = [shapely.linestrings(plane.metres(points)) for points in (path, other)]
    # Corners, and points at most 50 m apart: the farthest point of straight pieces need not be a corner.
    lines = [shapely.segmentize(line, 50.0) for line in lines]
    return float(shapely.hausdorff_distance(*lines))
