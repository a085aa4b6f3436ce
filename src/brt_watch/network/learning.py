"""Learn the path of a line from its signals: order by movement, position by the median across the path.

1. Terminals, unless known, are where most vehicles change their label from one direction to the other.
2. A move is two consecutive signals of a vehicle under one label. Its ends become nodes with a heading, thinned to one
   per cell and heading, without those that few buses reached.
3. Nodes are joined where their headings agree; the chain of short hops from terminal to terminal is a first path.
4. The signals are projected onto it, and the path becomes the medians of their positions, stretch by stretch.

docs/reference/data-dictionary.md reports the accuracy.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from brt_watch.clock import RIO
from brt_watch.network.geometry import Metres, Plane, Point, place, running_metres, simplify

MOVE_S, MOVE_M, MOVE_KMH = 150, 30, 120
"""Longest time, shortest distance and highest speed between the two signals of a move."""

CELL_M = 20.0
"""Side of the cells to which nodes are thinned."""

REACH_M = (150, 300, 600, 1200, 2400)
"""Longest hop between two nodes, tried in this order until the terminals are connected."""

TERMINAL_M = 350.0
"""A path may begin or end this far from the centre of its terminal."""

ALIGNED = 0.3
"""Minimum cosine between a hop and the headings at its ends: up to 72 degrees, because roads bend within a move."""

RARE = 0.2
"""Share of the usual weight below which a node is not on the path."""

ENOUGH = 10_000
"""Moves that suffice for a path; if there are more, whole hours of vehicles are left out evenly."""

NEAR_M = 40.0
"""Signals farther than this from the path are ignored."""

STRETCH_M = 30.0
"""Length of the stretches whose signals are replaced by their median."""

STATION_M = 60.0
"""Signals at most this far from a station count as at it; a station at most this far from the path is on it."""

STOPS_AT = 0.25
"""Share of the signals at a station that stand still, from which on the line stops there: dwell is a third and more of
the signals at a served station, queues at others are less than an eighth."""

FEW = 4
"""With fewer signals at a station it is unknown whether the line stops there."""


class Seen(NamedTuple):
    """A signal of a line: vehicle, epoch seconds, direction by its label, position, speed."""

    vehicle: str
    at: float
    sentido: str
    latitude: float
    longitude: float
    speed_kmh: float


@dataclass(frozen=True)
class LearnedStop:
    """A station near a learned path: metres along it, signals at it, and those of them that stand still."""

    estacao_id: str
    distancia_m: float
    signals: int
    stopped: int

    @property
    def is_served(self) -> bool | None:
        """Whether the line stops there; None where too few signals are at the station to know."""
        return self.stopped >= STOPS_AT * self.signals if self.signals >= FEW else None


@dataclass(frozen=True)
class LearnedPath:
    """A path and its evidence: moving signals near it, vehicles and days (in Rio).

    `spread_m` is the median distance of the signals from the path; it is small when the path has few signals, because
    it passes through them. `gap_m` is the longest stretch without a signal.
    """

    points: tuple[Point, ...]
    stops: tuple[LearnedStop, ...]
    signals: int
    vehicles: int
    days: tuple[date, ...]
    spread_m: float
    gap_m: float


class _Nodes(NamedTuple):
    at: Metres
    heading: Metres
    weight: NDArray[np.float64]


def learn(
    seen: Sequence[Seen],
    stations: dict[str, Point],
    stopped_kmh: float,
    ends: tuple[Point, Point] | None = None,
) -> dict[str, LearnedPath]:
    """Return the path of each direction that the signals of a line show.

    `stopped_kmh` is the speed below which a vehicle stands. `ends` are the terminals where `ida` begins and ends, if
    known. Without them, and where too few vehicles change their direction in these signals, there is no path.
    """
    ordered = sorted(set(seen))
    if len(ordered) < 2:
        return {}
    plane = Plane.of([(signal.latitude, signal.longitude) for signal in ordered])
    terminals = plane.metres(ends) if ends else _terminals(ordered, plane)
    if terminals is None:
        return {}
    learned = {}
    for sentido, (first, last) in {"ida": (0, 1), "volta": (1, 0)}.items():
        of_direction = [signal for signal in ordered if signal.sentido == sentido]
        path = _learn(of_direction, terminals[first], terminals[last], stations, plane, stopped_kmh)
        if path:
            learned[sentido] = path
    return learned


def _learn(
    seen: list[Seen], first: Metres, last: Metres, stations: dict[str, Point], plane: Plane, stopped_kmh: float
) -> LearnedPath | None:
    moves = _sample(_moves(seen, plane)) if seen else []
    if len(moves) < 10:
        return None
    line = _first_path(_nodes(moves), first, last)
    if line is None:
        return None
    signals = np.array([move[1:5] for move in moves])
    for _ in range(3):
        line = _fitted(line, signals)
    points = simplify(plane.degrees(line))
    path = shapely.linestrings(plane.metres(points))
    across = shapely.distance(shapely.points(signals[:, :2]), path)
    near = across <= NEAR_M
    along = np.sort(shapely.line_locate_point(path, shapely.points(signals[near, :2])))
    gaps = np.diff(np.concatenate([[0.0], along, [shapely.length(path)]]))
    return LearnedPath(
        tuple(points),
        _stops(points, seen, stations, plane, stopped_kmh),
        int(near.sum()),
        len({move[0] for move, is_near in zip(moves, near, strict=True) if is_near}),
        tuple(sorted({datetime.fromtimestamp(move[5], RIO).date() for move in moves})),
        float(np.median(across[near])),
        float(gaps.max()),
    )


def _terminals(ordered: list[Seen], plane: Plane) -> Metres | None:
    """Return where `ida` begins and ends: where most vehicles change their label to it, and from it."""
    changes: dict[str, list[Point]] = {"ida": [], "volta": []}
    for one, other in pairwise(ordered):
        if one.vehicle == other.vehicle and one.sentido != other.sentido and other.at - one.at <= MOVE_S:
            changes[other.sentido].append((other.latitude, other.longitude))
    if min(map(len, changes.values())) < 3:
        return None
    ends = []
    for positions in changes.values():
        metres = plane.metres(positions[:: -(-len(positions) // 300)])
        points = shapely.points(metres)
        near = shapely.STRtree(points).query(points, predicate="dwithin", distance=TERMINAL_M)
        middle = np.argmax(np.bincount(near[0]))
        ends.append(np.median(metres[near[1][near[0] == middle]], axis=0))
    return np.array(ends)


Move = tuple[str, float, float, float, float, float]
"""Vehicle, metres east and north, heading east and north, epoch seconds."""


def _moves(seen: list[Seen], plane: Plane) -> list[Move]:
    """Return both ends of every move; the signals are in order of vehicle and time."""
    metres = plane.metres([(signal.latitude, signal.longitude) for signal in seen])
    moves: list[Move] = []
    for i in range(len(seen) - 1):
        one, other = seen[i], seen[i + 1]
        seconds = other.at - one.at
        if one.vehicle != other.vehicle or not 0 < seconds <= MOVE_S:
            continue
        east, north = metres[i + 1] - metres[i]
        moved = math.hypot(east, north)
        if moved >= MOVE_M and 3.6 * moved / seconds <= MOVE_KMH:
            for at, signal in ((metres[i], one), (metres[i + 1], other)):
                moves.append((signal.vehicle, at[0], at[1], east / moved, north / moved, signal.at))
    return moves


def _sample(moves: list[Move]) -> list[Move]:
    """Return at most about ENOUGH moves: whole hours of a vehicle, evenly sampled."""
    every = -(-len(moves) // ENOUGH)
    hours = {hour: i for i, hour in enumerate(sorted({(move[0], move[5] // 3600) for move in moves}))}
    return [move for move in moves if hours[move[0], move[5] // 3600] % every == 0] if every > 1 else moves


def _nodes(moves: list[Move]) -> _Nodes:
    """Thin the ends of moves to one per cell and heading, and drop those that few buses reached."""
    cells: dict[tuple[int, int, int], list[Move]] = defaultdict(list)
    for move in moves:
        octant = round(math.atan2(move[4], move[3]) / (math.pi / 4)) % 8
        cells[int(move[1] // CELL_M), int(move[2] // CELL_M), octant].append(move)
    weight = np.array([len({(move[0], move[5] // 3600) for move in cell}) for cell in cells.values()], float)
    at = np.array([np.median([move[1:3] for move in cell], axis=0) for cell in cells.values()])
    heading = np.array([np.mean([move[3:5] for move in cell], axis=0) for cell in cells.values()])
    heading /= np.maximum(np.hypot(*heading.T), 1e-9)[:, None]
    # Half of all visits fall on cells with at least this weight: the usual route of the line.
    usual = np.sort(weight)[::-1]
    usual_weight = usual[np.searchsorted(np.cumsum(usual), usual.sum() / 2)]
    kept = weight >= RARE * usual_weight
    return _Nodes(at[kept], heading[kept], weight[kept])


def _first_path(nodes: _Nodes, first: Metres, last: Metres) -> Metres | None:
    """Return the cheapest chain of nodes between the terminals, None when the signals leave too wide a gap."""
    from_first, to_last = (np.hypot(*(nodes.at - terminal).T) for terminal in (first, last))
    starts = {int(node): float(from_first[node]) ** 2 for node in np.flatnonzero(from_first <= TERMINAL_M)}
    finishes = {int(node): float(to_last[node]) ** 2 for node in np.flatnonzero(to_last <= TERMINAL_M)}
    for reach in REACH_M:
        reached = _shortest(_hops(nodes, reach), starts)
        if arrived := finishes.keys() & reached.keys():
            end = min(arrived, key=lambda node: reached[node][0] + finishes[node])
            chain = [end]
            while (before := reached[chain[-1]][1]) >= 0:
                chain.append(before)
            return nodes.at[chain[::-1]] if len(chain) > 1 else None
    return None


Hops = list[list[tuple[int, float]]]
Reached = dict[int, tuple[float, int]]
"""By node: cost, and the node before, -1 for none."""


def _hops(nodes: _Nodes, reach: float) -> Hops:
    """Return the hops from every node to those within reach where the headings at both ends agree with the hop."""
    points = shapely.points(nodes.at)
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    apart = nodes.at[other] - nodes.at[one]
    metres = np.hypot(*apart.T)
    unit = apart / np.maximum(metres, 1e-9)[:, None]
    agrees = np.einsum("ij,ij->i", unit, nodes.heading[one]) > ALIGNED
    agrees &= np.einsum("ij,ij->i", unit, nodes.heading[other]) > ALIGNED
    onward: Hops = [[] for _ in nodes.at]
    for i, j, length in zip(one[agrees].tolist(), other[agrees].tolist(), metres[agrees].tolist(), strict=True):
        onward[i].append((j, length))
    return onward


def _shortest(hops: Hops, starts: dict[int, float]) -> Reached:
    """Return the cheapest route to every node (Dijkstra); a hop costs its square, so chains of short hops win."""
    reached: Reached = {}
    waiting = [(cost, node, -1) for node, cost in starts.items()]
    heapq.heapify(waiting)
    while waiting:
        cost, node, before = heapq.heappop(waiting)
        if node in reached:
            continue
        reached[node] = (cost, before)
        for following, length in hops[node]:
            if following not in reached:
                heapq.heappush(waiting, (cost + length * length, following, node))
    return reached


def _fitted(line: Metres, signals: Metres) -> Metres:
    """Return the median of the signals along the line for each stretch, or the line itself where there are none."""
    along, across, agrees = _projected(line, signals)
    used = agrees & (across <= NEAR_M)
    path = shapely.linestrings(line)
    length = shapely.length(path)
    count = max(2, math.ceil(length / STRETCH_M))
    stretch = np.minimum((along * count / length).astype(int), count - 1)
    by_stretch: dict[int, list[int]] = defaultdict(list)
    for index in np.flatnonzero(used):
        by_stretch[int(stretch[index])].append(int(index))
    fitted = [line[0]]
    corners = shapely.line_locate_point(path, shapely.points(line))
    for number in range(count):
        if len(near := by_stretch[number]) >= 3 or (near and len(signals) < 20 * count):
            fitted.append(np.median(signals[near, :2], axis=0))
        else:
            fitted.extend(line[(corners * count / length).astype(int) == number])
    fitted.append(line[-1])
    apart = [fitted[0]]
    for point in fitted[1:]:
        if np.hypot(*(point - apart[-1])) >= 1:
            apart.append(point)
    # Fewer corners, because the cost of the next projection grows with them.
    simpler: Metres = shapely.get_coordinates(shapely.simplify(shapely.linestrings(apart), 1.0))
    return simpler


def _projected(line: Metres, signals: Metres) -> tuple[Metres, Metres, NDArray[np.bool_]]:
    """Return for each signal its metres along and across the line, and whether it moves in the line's direction."""
    path, points = shapely.linestrings(line), shapely.points(signals[:, :2])
    along = shapely.line_locate_point(path, points)
    across = shapely.distance(points, path)
    before = shapely.get_coordinates(shapely.line_interpolate_point(path, np.maximum(along - 25, 0)))
    after = shapely.get_coordinates(shapely.line_interpolate_point(path, along + 25))
    return along, across, np.einsum("ij,ij->i", after - before, signals[:, 2:4]) > 0


def _stops(
    points: list[Point], seen: Sequence[Seen], stations: dict[str, Point], plane: Plane, stopped_kmh: float
) -> tuple[LearnedStop, ...]:
    """Return the stations on the path in their order, with the signals at each."""
    path = shapely.linestrings(plane.metres(points))
    metres = running_metres(points)
    where = shapely.points(plane.metres([(signal.latitude, signal.longitude) for signal in seen]))
    stands = np.array([signal.speed_kmh < stopped_kmh for signal in seen])
    found = []
    for name, station in stations.items():
        at = shapely.points(plane.metres([station]))[0]
        if shapely.distance(at, path) > STATION_M:
            continue
        here = shapely.distance(where, at) <= STATION_M
        (along,), _ = place([station], points, metres)
        found.append(LearnedStop(name, along, int(here.sum()), int((here & stands).sum())))
    return tuple(sorted(found, key=lambda stop: stop.distancia_m))
