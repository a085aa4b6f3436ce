"""Where a bus is on the network: metres along the path of a line, its nearest station, whether it is in a garage.

Pure: it knows the network and no clock, disk or database. Positions are laid on a plane by one latitude, which over the
extent of a city is wrong by less than a GPS is. Paths, stations and garages are found by the cell of a grid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from brt_watch.network import METRES_OF_A_DEGREE, Network

ON_PATH_M = 30.0
"""Nearer to the path than this a bus is on it (the city's `buffer_segmento_metros`).

The values here are those of dbt/dbt_project.yml as well; a test holds them to be the same."""

STATION_M = 250.0
"""Nearer to a station than this a bus that stands is at it (the city's `distancia_limiar_parada`)."""

REACH_M = 500.0
"""Further beside its path than this, metres along the path are not told (the city's `tamanho_buffer_metros`)."""

COVERED_M = 200.0
"""Nearer to any path than this a bus is where the BRT goes (GTFS Realtime validator E028)."""

SAME_PLACE_M = 15.0
"""Where a path comes by twice, the place at which it goes the way of the bus may be so much farther than the other."""

LATITUDE = -22.93
"""Of the plane: the middle of the BRT."""

CELL_M = REACH_M
STATION_CELL_M = 2000.0


class Place(NamedTuple):
    """A place on a path: metres from its beginning, and metres beside it."""

    progress_m: float
    offset_m: float


class Near(NamedTuple):
    """A station and the metres to it."""

    estacao_id: str
    distance_m: float


class _Stretch(NamedTuple):
    x: float
    y: float
    dx: float
    dy: float
    square: float
    begin_m: float
    length_m: float


class _Grid(dict[tuple[int, int], list[int]]):
    """Cells of a plane, each with the numbers of what touches it."""

    def __init__(self, size: float) -> None:
        super().__init__()
        self.size = size

    def cell(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self.size), math.floor(y / self.size)

    def add(self, number: int, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box into every cell that is nearer to it than the size of a cell."""
        (left, low), (right, high) = self.cell(min(x0, x1), min(y0, y1)), self.cell(max(x0, x1), max(y0, y1))
        for column in range(left - 1, right + 2):
            for row in range(low - 1, high + 2):
                there = self.setdefault((column, row), [])
                if number not in there:
                    there.append(number)


class _Polygon(NamedTuple):
    left: float
    right: float
    low: float
    high: float
    corners: list[tuple[float, float]]

    @classmethod
    def of(cls, corners: list[tuple[float, float]]) -> _Polygon:
        xs, ys = zip(*corners, strict=True)
        return cls(min(xs), max(xs), min(ys), max(ys), [*corners, corners[0]])

    def has(self, x: float, y: float) -> bool:
        if not (self.left <= x <= self.right and self.low <= y <= self.high):
            return False
        inside = False
        for (ax, ay), (bx, by) in pairwise(self.corners):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
        return inside


class Positions:
    """The network, ready to be asked where a position is on it."""

    def __init__(self, network: Network, polygons: Iterable[Sequence[tuple[float, float]]] = ()) -> None:
        self._across = METRES_OF_A_DEGREE * math.cos(math.radians(LATITUDE))
        self._paths: dict[tuple[str, str], tuple[list[_Stretch], _Grid]] = {}
        self._all = _Grid(CELL_M)
        for key, path in network.paths.items():
            points = [self._xy(*point) for point in zip(path.latitudes, path.longitudes, strict=True)]
            self._paths[key] = self._stretches(len(self._paths), points, path.metres)
        self._directions: dict[str, list[str]] = defaultdict(list)
        for linha, sentido in self._paths:
            self._directions[linha].append(sentido)
        self._stations = [
            (each.estacao_id, *self._xy(each.latitude, each.longitude)) for each in network.stations.values()
        ]
        self._station_grid = _Grid(STATION_CELL_M)
        for number, (_, x, y) in enumerate(self._stations):
            self._station_grid.add(number, x, y, x, y)
        self._circles = [
            (*self._xy(each.latitude, each.longitude), each.raio_m)
            for each in network.garages
            if each.tipo == "garagem" and not each.poligono_id
        ]
        self._polygons = [_Polygon.of([self._xy(*corner) for corner in polygon]) for polygon in polygons]

    def on_path(
        self, linha: str | None, sentido: str | None, at: tuple[float, float], heading: float | None = None
    ) -> Place | None:
        """Return the nearest place on the path of a line and direction, None when there is none within REACH_M.

        Where a path comes by twice the place is the one at which it goes the way of the `heading` (degrees).
        """
        known = self._paths.get((linha or "", sentido or ""))
        return self._nearest(*known, at, heading) if known else None

    def places(self, linha: str | None, at: tuple[float, float], heading: float | None = None) -> dict[str, Place]:
        """Return the places on the paths of a line by direction."""
        found = {}
        for sentido in self._directions.get(linha or "", ()):
            if place := self.on_path(linha, sentido, at, heading):
                found[sentido] = place
        return found

    def is_covered(self, at: tuple[float, float]) -> bool:
        """Whether a position lies within COVERED_M of any path at all."""
        numbers = set(self._all.get(self._all.cell(*self._xy(*at)), ()))
        known = list(self._paths.values())
        places = (self._nearest(*known[number], at, None) for number in numbers)
        return any(place and place.offset_m <= COVERED_M for place in places)

    def nearest_station(self, at: tuple[float, float]) -> Near | None:
        """Return the nearest station, None when there is none within two kilometres."""
        x, y = self._xy(*at)
        numbers = self._station_grid.get(self._station_grid.cell(x, y), ())
        found = min(
            ((math.hypot(x - sx, y - sy), name) for name, sx, sy in (self._stations[number] for number in numbers)),
            default=None,
        )
        return Near(found[1], found[0]) if found and found[0] <= STATION_CELL_M else None

    def in_garage(self, at: tuple[float, float]) -> bool:
        """Whether a position lies in the polygon of a garage, or in the circle of one without; lay-bys are none."""
        x, y = self._xy(*at)
        if any(math.hypot(x - cx, y - cy) <= radius for cx, cy, radius in self._circles):
            return True
        return any(polygon.has(x, y) for polygon in self._polygons)

    def _xy(self, latitude: float, longitude: float) -> tuple[float, float]:
        return longitude * self._across, latitude * METRES_OF_A_DEGREE

    def _stretches(
        self, path: int, points: list[tuple[float, float]], metres: Sequence[float]
    ) -> tuple[list[_Stretch], _Grid]:
        stretches, grid = [], _Grid(CELL_M)
        for number, ((x, y), (next_x, next_y)) in enumerate(pairwise(points)):
            dx, dy = next_x - x, next_y - y
            length_m = metres[number + 1] - metres[number]
            stretches.append(_Stretch(x, y, dx, dy, dx * dx + dy * dy, metres[number], length_m))
            # Long stretches in pieces, for the box of a slanting one has many cells that it does not touch.
            pieces = max(1, math.ceil(math.hypot(dx, dy) / CELL_M))
            for piece in range(pieces):
                begin, end = piece / pieces, (piece + 1) / pieces
                box = (x + begin * dx, y + begin * dy, x + end * dx, y + end * dy)
                grid.add(number, *box)
                self._all.add(path, *box)
        return stretches, grid

    def _nearest(
        self, stretches: list[_Stretch], grid: _Grid, at: tuple[float, float], heading: float | None
    ) -> Place | None:
        x, y = self._xy(*at)
        east = north = 0.0
        if heading is not None:
            east, north = math.sin(math.radians(heading)), math.cos(math.radians(heading))
        found: tuple[int, bool, float] | None = None
        for number in grid.get(grid.cell(x, y), ()):
            stretch = stretches[number]
            is_against = east * stretch.dx + north * stretch.dy < 0
            progress_m, offset_m = _place(x, y, stretch)
            # In whole decimetres as in the models, so that of two legs on one road both choose the same.
            place = round(10 * (offset_m + is_against * SAME_PLACE_M)), is_against, progress_m
            found = min(found, place) if found else place
        if not found:
            return None
        decimetres, is_against, progress_m = found
        offset_m = decimetres / 10 - is_against * SAME_PLACE_M
        return Place(round(progress_m, 1), round(offset_m, 1)) if offset_m <= REACH_M else None


def _place(x: float, y: float, stretch: _Stretch) -> Place:
    px, py = x - stretch.x, y - stretch.y
    share = (px * stretch.dx + py * stretch.dy) / stretch.square if stretch.square else 0.0
    share = 0.0 if share < 0.0 else 1.0 if share > 1.0 else share
    offset = math.hypot(px - share * stretch.dx, py - share * stretch.dy)
    return Place(stretch.begin_m + share * stretch.length_m, offset)
