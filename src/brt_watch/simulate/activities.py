"""The activities of a vehicle, with place and label: the vocabulary of the plan and the signals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from random import Random
from typing import NamedTuple

from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.network import LinePath, Stop, metres_between
from brt_watch.simulate.motion import Halt
from brt_watch.simulate.traffic import Call


class Doing(str, Enum):
    """The kind of an activity, in the words of the truth's files."""

    TRIP = "viagem"
    TRANSFER = "deslocamento"
    WAIT = "espera"
    PARK = "estacionado"


class Label(NamedTuple):
    """The line and direction that a vehicle reports."""

    linha: str
    sentido: str


NO_LINE = Label("0", "")


class Point(NamedTuple):
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float


class Journey(NamedTuple):
    """The course of a trip: why it began and ended, its calls, the planned departure and headway, if any."""

    began: str
    ended: str
    planned_at: float | None
    interval_s: float
    calls: tuple[Call, ...]


@dataclass(eq=False)
class Activity:
    """What a vehicle does from `start` to `end` (epoch seconds; without an end until the plan knows it).

    `odometer_m` is the odometer at the start. The label changes from `label` to `next_label` at `label_at`, which may
    be late. After `silent_from` its device sends nothing. `halts` are the places and times at which it stands on its
    path, in seconds since the start.
    """

    doing: Doing
    start: float
    end: float
    at: Point
    odometer_m: float
    label: Label
    path: LinePath | None = None
    halts: tuple[Halt, ...] = ()
    journey: Journey | None = None
    next_label: Label = NO_LINE
    label_at: float = math.inf
    silent_from: float = math.inf


class Spot(NamedTuple):
    """A place where buses are parked: a garage, or a terminal's lay-by."""

    name: str
    at: Point
    radius_m: float


@lru_cache(maxsize=10_000)
def metres(point: Point, other: Point) -> float:
    """Return the metres between two points."""
    return metres_between(*point, *other)


def scattered(point: Point, sigma_m: float, chance: Random) -> Point:
    """Return a random point some metres away."""
    return moved(point, chance.gauss(0, sigma_m), chance.gauss(0, sigma_m))


def moved(point: Point, north_m: float, east_m: float) -> Point:
    """Return the point at these distances from a point."""
    return Point(
        point.latitude + north_m / METRES_OF_A_DEGREE,
        point.longitude + east_m / METRES_OF_A_DEGREE / math.cos(math.radians(point.latitude)),
    )


def straight(start: Point, end: Point) -> LinePath:
    """Return a path without stations from one point to another."""
    length = max(metres(start, end), 1.0)
    stops = (Stop("", 0.0), Stop("", length))
    return LinePath("", "", (start.latitude, end.latitude), (start.longitude, end.longitude), (0.0, length), stops)
