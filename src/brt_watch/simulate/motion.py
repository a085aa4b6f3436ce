"""How a bus moves along its path: pieces of constant acceleration between stations, dwells, and queues in between.

The constants come from 203 answers of the API from 2021 to 2026 and the city's timetable (docs/reference/simulator.md).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from brt_watch.network import LinePath

GOVERNOR_KMH = 58.2
"""The engine's limiter: the upper mode of the measured speeds."""

ACCELERATION, BRAKING = 0.55, 0.6
"""In m/s²: full speed after about 240 m."""

STANDING = 0.88
"""The share of lost time between stations spent standing; the rest goes into slow driving."""


CREEP_M, CREEP_S = 35.0, (13.5, 32.0)
"""A bus that loses only this much creeps over its last metres to the platform or obstacle."""


class Piece(NamedTuple):
    """At `at` (s since the start of the trip) the bus is at `metres`, with `speed` m/s and acceleration `gain` m/s²."""

    at: float
    metres: float
    speed: float
    gain: float


class Halt(NamedTuple):
    """A stop of a bus from `arrival` to `departure` (s); `limit_ms` is its maximum speed on the way there."""

    metres: float
    arrival: float
    departure: float
    limit_ms: float


class Place(NamedTuple):
    """A point and the direction of the path there, in degrees from north, clockwise."""

    latitude: float
    longitude: float
    heading: float


def place_on(path: LinePath, metres: float) -> Place:
    """Return the position of a point of a path, by its running metres."""
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
    """A run between two stops: metres, maximum speed in m/s, seconds of standing at its end."""

    metres: float
    limit: float
    hold: float


def drive(halts: Sequence[Halt], chance: Random) -> list[Piece]:
    """Return a trip from halt to halt, each on its second.

    The time beyond the fastest possible run goes into stops and slow driving between the halts, and only the rest into
    a lower speed: buses are either stuck or fast.
    """
    pieces: list[Piece] = []
    for before, after in pairwise(halts):
        if before.departure > before.arrival or not pieces:
            pieces.append(Piece(before.arrival, before.metres, 0.0, 0.0))
        _run(pieces, before, after, chance)
    last = halts[-1]
    return [*pieces, Piece(last.arrival, last.metres, 0.0, 0.0)]


def _run(pieces: list[Piece], before: Halt, after: Halt, chance: Random) -> None:
    """Add the pieces between two halts."""
    length, seconds = after.metres - before.metres, after.arrival - before.departure
    slack = seconds - seconds_of_a_run(length, after.limit_ms)
    legs = _legs(length, after.limit_ms, slack, slack * STANDING, chance)
    standing = sum(leg.hold for leg in legs)
    share = _share_of_the_limit(legs, seconds - standing)
    # The small remainder is made up by stretching the time, so that the bus arrives on its second.
    taken = sum(seconds_of_a_run(leg.metres, leg.limit * share) for leg in legs)
    _motion(pieces, before, legs, share, seconds / (taken + standing))


def _legs(length: float, limit: float, slack: float, to_stand: float, chance: Random) -> list[_Leg]:
    """Split a run into stops and slow stretches that cost `slack` seconds, `to_stand` of them standing."""
    legs = [_Leg(length, limit, 0.0)]
    for _ in range(20):
        if slack < CREEP_S[0]:
            break
        number, leg = max(enumerate(legs), key=lambda numbered: numbered[1].metres)
        if leg.metres < 200:
            break
        if slack < CREEP_S[1]:
            return [*legs[:number], *_creep(leg, slack), *legs[number + 1 :]]
        if to_stand > 0:
            hold, crawl = 5 + chance.expovariate(1 / 20), 0.0
            to_stand -= hold
        else:
            hold, crawl = 0.0, min(chance.uniform(30, 160), leg.metres / 3)
        room = leg.metres - crawl
        run = room * chance.uniform(0.1, 0.9)
        cut = [
            _Leg(run, leg.limit, hold),
            _Leg(crawl, chance.uniform(2.5, 11), 0.0),
            _Leg(room - run, leg.limit, leg.hold),
        ]
        cost = _seconds_of(cut) - _seconds_of([leg])
        if cost > slack + 10:
            continue  # the time lost here could not be made up elsewhere
        slack -= cost
        legs[number : number + 1] = [each for each in cut if each.metres > 1]
    return legs


def _creep(leg: _Leg, slack: float) -> list[_Leg]:
    """Return a leg with slow last metres, which cost `slack` seconds."""
    seconds = slack + CREEP_M / leg.limit
    lost = (1 / ACCELERATION + 1 / BRAKING) / 2
    speed = (seconds - math.sqrt(max(seconds * seconds - 4 * lost * CREEP_M, 0.0))) / (2 * lost)
    return [_Leg(leg.metres - CREEP_M, leg.limit, 0.0), _Leg(CREEP_M, speed, leg.hold)]


def _seconds_of(legs: list[_Leg]) -> float:
    return sum(seconds_of_a_run(leg.metres, leg.limit) + leg.hold for leg in legs)


def seconds_of_a_run(metres: float, limit: float) -> float:
    """Return the duration of a run between two stops."""
    lost = (1 / ACCELERATION + 1 / BRAKING) / 2
    if metres < limit * limit * lost:
        return 2 * math.sqrt(metres * lost)
    return metres / limit + limit * lost


def seconds_to_pass(metres: float, length: float, limit: float) -> float:
    """Return when a run of `length` metres between two stops passes a point."""
    full = seconds_of_a_run(length, limit)
    lost = (1 / ACCELERATION + 1 / BRAKING) / 2
    top = min(limit, math.sqrt(length / lost))
    if metres < top * top / ACCELERATION / 2:
        return math.sqrt(2 * metres / ACCELERATION)
    left = length - metres
    if left < top * top / BRAKING / 2:
        return full - math.sqrt(2 * left / BRAKING)
    return metres / top + top / ACCELERATION / 2


def _share_of_the_limit(legs: list[_Leg], seconds: float) -> float:
    """Return the share of the speed limits at which all runs take this time."""
    low, high = 0.15, 1.04
    for _ in range(8):
        share = (low + high) / 2
        taken = sum(seconds_of_a_run(leg.metres, leg.limit * share) for leg in legs)
        low, high = (share, high) if taken > seconds else (low, share)
    return high


def _motion(pieces: list[Piece], start: Halt, legs: list[_Leg], share: float, stretch: float) -> None:
    """Add the pieces of legs at a share of their speed limits, with their time stretched."""
    at, metres = start.departure, start.metres
    acceleration, braking = ACCELERATION / stretch / stretch, BRAKING / stretch / stretch
    lost = (1 / acceleration + 1 / braking) / 2
    for length, limit, hold in legs:
        top = min(limit * share / stretch, math.sqrt(length / lost))
        speeds_up, slows_down = top / acceleration, top / braking
        steady = max(length / top - (speeds_up + slows_down) / 2, 0.0) if top else 0.0
        pieces += [
            Piece(at, metres, 0.0, acceleration),
            Piece(at + speeds_up, metres + top * speeds_up / 2, top, 0.0),
            Piece(at + speeds_up + steady, metres + length - top * slows_down / 2, top, -braking),
        ]
        if hold:
            pieces.append(Piece(at + speeds_up + steady + slows_down, metres + length, 0.0, 0.0))
        at += speeds_up + steady + slows_down + hold * stretch
        metres += length
