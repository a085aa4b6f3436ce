"""How a bus moves along its path: pieces of even acceleration between stations, dwells at them, queues between them.

The constants come from 203 answers of the API of 2021 to 2026 and the city's timetable (docs/simulator.md).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from brt_watch.network import Path

GOVERNOR_KMH = 58.2
"""The engine's limiter: the upper mode of the measured speeds."""

ACCELERATION, BRAKING = 0.55, 0.6
"""In m/s²: full speed after some 240 m."""

DWELL_MEDIAN_SECONDS, DWELL_SIGMA = 18.0, 0.715
"""Log-normal: 90 % of the dwells are under 45 s."""


class Piece(NamedTuple):
    """From `at` on (s since the start of the trip) the bus is at `metres`, drives `speed` (m/s), gains `gain` m/s²."""

    at: float
    metres: float
    speed: float
    gain: float


class Passage(NamedTuple):
    """A bus at a station: seconds since the start of the trip."""

    estacao_id: str
    arrival: float
    departure: float


class Motion(NamedTuple):
    """A trip: its pieces in the order of time, and the stations that it passes."""

    pieces: list[Piece]
    passages: list[Passage]


class Place(NamedTuple):
    """A point and the direction of the path there, in degrees from north, clockwise."""

    latitude: float
    longitude: float
    heading: float


def place_on(path: Path, metres: float) -> Place:
    """Return where on the earth a point of a path is, by its running metres."""
    after = min(max(bisect_right(path.metres, metres), 1), len(path.metres) - 1)
    before = after - 1
    length = path.metres[after] - path.metres[before]
    share = (metres - path.metres[before]) / length if length else 0.0
    (south, west), (north, east) = (
        (path.latitudes[before], path.longitudes[before]),
        (path.latitudes[after], path.longitudes[after]),
    )
    heading = math.degrees(math.atan2((east - west) * math.cos(math.radians(south)), north - south)) % 360
    return Place(south + share * (north - south), west + share * (east - west), heading)


class _Leg(NamedTuple):
    """From standing to standing without a stop between: metres, m/s at most, seconds of standing at its end."""

    metres: float
    limit: float
    hold: float


def quickest_seconds(path: Path) -> float:
    """Return the time in which a bus can drive a path with short dwells, below which `drive` would have it fly."""
    gaps = [after.distancia_m - before.distancia_m for before, after in pairwise(path.stops)]
    limits = [GOVERNOR_KMH / 3.6 * share for share in _limits(path, len(gaps))]
    return sum(map(_seconds_of_a_run, gaps, limits)) + DWELL_MEDIAN_SECONDS * max(len(gaps) - 1, 0)


def drive(path: Path, seconds: float, chance: Random) -> Motion:
    """Return a trip from the first station of the path to the last, in exactly this time.

    The time that is left when it drives as fast as it can goes into stops and crawls between stations, and only what
    these leave into a lower speed: buses are either stuck or fast.
    """
    stops = path.stops
    gaps = [after.distancia_m - before.distancia_m for before, after in pairwise(stops)]
    governor = GOVERNOR_KMH / 3.6 * chance.gauss(1, 0.009)
    limits = [governor * share for share in _limits(path, len(gaps))]
    dwells = [min(DWELL_MEDIAN_SECONDS * math.exp(chance.gauss(0, DWELL_SIGMA)), 180) for _ in gaps[1:]]
    room = seconds - sum(map(_seconds_of_a_run, gaps, limits))
    slack = room - sum(dwells)
    if slack < 0 and dwells:
        shorter = min(0.6, max(room, 0) / sum(dwells))
        dwells = [dwell * shorter for dwell in dwells]
    legs = _legs(gaps, limits, slack, min(slack * 0.5, seconds * 0.1), chance)
    standing = sum(dwells) + sum(leg.hold for gap in legs for leg in gap)
    share = _share_of_the_limit(legs, seconds - standing)
    # The little that is left is made up by stretching the time, so that the trip ends on its second.
    taken = sum(_seconds_of_a_run(leg.metres, leg.limit * share) for gap in legs for leg in gap)
    return _motion(path, legs, dwells, share, seconds / (taken + standing))


def _limits(path: Path, gaps: int) -> list[float]:
    """How fast each gap between stations can be driven, as a share of the governor: bends, crossings, tunnels."""
    chance = Random(f"{path.linha} {path.sentido}")
    return [1.0 if chance.random() < 0.6 else chance.uniform(0.6, 0.95) for _ in range(gaps)]


def _legs(gaps: list[float], limits: list[float], slack: float, to_stand: float, chance: Random) -> list[list[_Leg]]:
    """Cut the gaps at stops and into crawls that cost `slack` seconds, `to_stand` of them standing."""
    legs = [[_Leg(gap, limit, 0.0)] for gap, limit in zip(gaps, limits, strict=True)]
    numbers, up_to = range(len(gaps)), list(accumulate(gaps))
    for _ in range(60):
        if slack < 20:
            break
        (gap,) = chance.choices(numbers, cum_weights=up_to)
        number, leg = max(enumerate(legs[gap]), key=lambda numbered: numbered[1].metres)
        if leg.metres < 200:
            slack -= 2
            continue
        if to_stand > 0:
            hold, crawl = 5 + chance.expovariate(1 / 20), 0.0
            to_stand -= hold
        else:
            hold, crawl = 0.0, min(chance.uniform(30, 160), leg.metres / 3)
        # Half of it shortly before the next stop: the platform is taken.
        room = leg.metres - crawl
        run = (
            room - min(chance.uniform(20, 100), room / 2) if chance.random() < 0.5 else room * chance.uniform(0.1, 0.9)
        )
        cut = [
            _Leg(run, leg.limit, hold),
            _Leg(crawl, chance.uniform(2.5, 11), 0.0),
            _Leg(room - run, leg.limit, leg.hold),
        ]
        cost = sum(_seconds_of_a_run(*each[:2]) + each.hold for each in cut) - _seconds_of_a_run(*leg[:2]) - leg.hold
        if cost > slack + 10:
            continue  # what is lost here would have to be made good by flying elsewhere
        slack -= cost
        legs[gap][number : number + 1] = [each for each in cut if each.metres > 1]
    return legs


def _seconds_of_a_run(metres: float, limit: float) -> float:
    """Return how long a run from standing to standing takes."""
    lost = (1 / ACCELERATION + 1 / BRAKING) / 2
    if metres < limit * limit * lost:
        return 2 * math.sqrt(metres * lost)
    return metres / limit + limit * lost


def _share_of_the_limit(legs: list[list[_Leg]], seconds: float) -> float:
    """Return the share of the limits at which all runs take this time."""
    low, high = 0.15, 1.04
    for _ in range(8):
        share = (low + high) / 2
        taken = sum(_seconds_of_a_run(leg.metres, leg.limit * share) for gap in legs for leg in gap)
        low, high = (share, high) if taken > seconds else (low, share)
    return high


def _motion(path: Path, legs: list[list[_Leg]], dwells: list[float], share: float, stretch: float) -> Motion:
    """Return the motion at a share of the limits, its time stretched."""
    first, *others = path.stops
    at, metres = 0.0, first.distancia_m
    pieces = []
    passages = [Passage(first.estacao_id, 0.0, 0.0)]
    acceleration, braking = ACCELERATION / stretch / stretch, BRAKING / stretch / stretch
    lost = (1 / acceleration + 1 / braking) / 2
    for gap, stop, dwell in zip(legs, others, [*dwells, 0.0], strict=True):
        for length, limit, hold in gap:
            top = min(limit * share / stretch, math.sqrt(length / lost))
            speeds_up, slows_down = top / acceleration, top / braking
            steady = max(length / top - (speeds_up + slows_down) / 2, 0.0) if top else 0.0
            pieces += [
                Piece(at, metres, 0.0, acceleration),
                Piece(at + speeds_up, metres + top * speeds_up / 2, top, 0.0),
                Piece(at + speeds_up + steady, metres + length - top * slows_down / 2, top, -braking),
                Piece(at + speeds_up + steady + slows_down, metres + length, 0.0, 0.0),
            ]
            at += speeds_up + steady + slows_down + hold * stretch
            metres += length
        passages.append(Passage(stop.estacao_id, at, at + dwell * stretch))
        at += dwell * stretch
    return Motion([*pieces, Piece(at, metres, 0.0, 0.0)], passages)
