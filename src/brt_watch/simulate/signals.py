"""The signals that a vehicle's device sends during an activity, with noise, frozen positions and oddities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from brt_watch.simulate.activities import Activity, Doing, Label, Point, moved
from brt_watch.simulate.fleet import Vehicle
from brt_watch.simulate.motion import Piece, Place, drive, place_on

TRANSPORT_SECONDS, TRANSPORT_SIGMA = 4.5, 0.35
"""Delay from the device to the API: log-normal."""

QUIET_TRIPS, QUIET_SECONDS = 0.7, 240
"""The share of trips with a silent period, and its mean length beyond a minute."""

JITTER_SECONDS = 0.3
"""The interval between two signals of a running device is often a second longer or shorter."""

EXTRA_AT_STOPS = 0.2
"""The share of departures from a standstill at which the device sends an extra signal."""

STOPS_FREEZE = 0.7
"""The share of signals of a standing bus that repeat the previous position."""

NO_HEADING = 0.29
"""The share of standstills in which the device reports no heading."""

RARE = {
    "speed": 0.0003,  # an impossible speed
    "odometer": 0.0004,  # the odometer shows 0
    "nowhere": 0.000004,  # position (0, 0)
    "back": 0.0015,  # per quarter of an hour: a signal of the previous one is repeated
    "ignition": 0.006,  # driving with the ignition off
}

_here = Point(-22.9, -43.4)
DEGREES_NORTH = moved(_here, 1, 0).latitude - _here.latitude
DEGREES_EAST = moved(_here, 0, 1).longitude - _here.longitude
"""A metre in Rio."""


class Signal(NamedTuple):
    """A signal of a device. `at` is the true time and `arrives` that of the API's table (epoch seconds).

    `stamp` is the device's clock in whole seconds, speed is km/h, heading degrees (or None), odometer metres.
    `metres` is the true running distance on the path of the trip, None outside a trip.
    """

    at: float
    arrives: float
    stamp: int
    latitude: float
    longitude: float
    speed: float
    heading: int | None
    odometer_m: float
    ignition: int
    label: Label
    metres: float | None


def signals_of(vehicle: Vehicle, activity: Activity, pieces: list[Piece] | None, seed: str) -> Iterator[Signal]:
    """Yield the signals of an activity in order of time, until it ends or its device falls silent.

    The result depends only on the seed, not on earlier signals: a simulation can begin in the middle of a day. For an
    activity without a known end, use only the signals within the planned time.
    """
    chance = Random(f"{seed}/{vehicle.codigo}/{activity.start:.3f}")
    if pieces is None:
        return _standing(vehicle, activity, chance)
    return _driving(vehicle, activity, pieces, chance)


def motion_of(vehicle: Vehicle, activity: Activity, seed: str) -> list[Piece] | None:
    """Return the motion of a vehicle in an activity, None when it stands."""
    if activity.path is None:
        return None
    return drive(activity.halts, Random(f"{seed}/{vehicle.codigo}/{activity.start:.3f}/motion"))


def _moments(vehicle: Vehicle, start: float, period: int) -> Iterator[float]:
    first = math.ceil(start / period - vehicle.phase)
    at = (first + vehicle.phase) * period
    while True:
        yield at
        at += period


def _standing(vehicle: Vehicle, activity: Activity, chance: Random) -> Iterator[Signal]:
    parked = activity.doing is Doing.PARK
    period = vehicle.parked_signal_seconds if parked else vehicle.signal_seconds
    heading = None if chance.random() < NO_HEADING else chance.randrange(1, 360)
    seen = _noisy(activity.at, chance)
    if parked:
        yield _signal(vehicle, activity, activity.start + 1, seen, 0.0, heading, 0.0, None, chance)
    for at in _moments(vehicle, activity.start + 2, period):
        if at >= activity.end or at >= activity.silent_from:
            return
        if chance.random() > STOPS_FREEZE:
            seen = _noisy(activity.at, chance)
        yield _signal(vehicle, activity, at, seen, 0.0, heading, 0.0, None, chance)


def _driving(vehicle: Vehicle, activity: Activity, pieces: list[Piece], chance: Random) -> Iterator[Signal]:
    assert activity.path is not None
    path = activity.path
    quiet_from = quiet_until = 0.0
    if chance.random() < QUIET_TRIPS:
        quiet_from = chance.uniform(activity.start, activity.end)
        quiet_until = quiet_from + 60 + chance.expovariate(1 / QUIET_SECONDS)
    on = 1 if chance.random() > RARE["ignition"] else 0
    number, seen, frozen, heading = 0, Point(0.0, 0.0), False, None
    for at in _moments_of_a_trip(vehicle, activity, pieces, chance):
        while number + 1 < len(pieces) and pieces[number + 1].at <= at - activity.start:
            number += 1
        piece = pieces[number]
        since = at - activity.start - piece.at
        metres = piece.metres + piece.speed * since + piece.gain * since * since / 2
        speed = max(piece.speed + piece.gain * since, 0.0) * 3.6
        if speed < 0.05:
            if not frozen or chance.random() > STOPS_FREEZE:
                seen = _noisy(place_on(path, metres), chance)
            heading = None if not frozen and chance.random() < NO_HEADING else heading
            frozen = True
        else:
            place = place_on(path, metres)
            bearing, seen = place.heading, _noisy(place, chance)
            error = chance.gauss(0, 6) if chance.random() < 0.8 else chance.gauss(0, 25)
            heading, frozen = round(bearing + error) % 360 or None, False
        if not quiet_from <= at < quiet_until:
            yield _signal(vehicle, activity, at, seen, speed, heading, metres - pieces[0].metres, metres, chance, on)


def _moments_of_a_trip(vehicle: Vehicle, activity: Activity, pieces: list[Piece], chance: Random) -> Iterator[float]:
    """Yield the times of a device's signals: at its period, and at some departures, which restart the period."""
    starts = [activity.start + piece.at for piece in pieces if not piece.speed and piece.gain]
    extra = iter([start + chance.uniform(0.5, 9) for start in starts if chance.random() < EXTRA_AT_STOPS])
    out_of_turn = next(extra, math.inf)
    at = next(_moments(vehicle, activity.start, vehicle.signal_seconds))
    while at < activity.end:
        yield at
        at += vehicle.signal_seconds
        while out_of_turn < at:
            if out_of_turn > at - vehicle.signal_seconds + 2:
                at = out_of_turn
            out_of_turn = next(extra, math.inf)


def _noisy(point: Point | Place, chance: Random) -> Point:
    """Return the GPS position of a point: mostly within a few metres, with a long tail."""
    sigma = 3.3 if chance.random() < 0.75 else 9.0
    gauss = chance.gauss
    return Point(point[0] + gauss(0, sigma) * DEGREES_NORTH, point[1] + gauss(0, sigma) * DEGREES_EAST)


def _signal(
    vehicle: Vehicle,
    activity: Activity,
    at: float,
    seen: Point,
    speed: float,
    heading: int | None,
    driven_m: float,
    metres: float | None,
    chance: Random,
    ignition: int | None = None,
) -> Signal:
    if chance.random() < RARE["speed"]:
        speed = chance.uniform(139, 194)
    odometer = 0.0 if chance.random() < RARE["odometer"] else vehicle.odometer_m and activity.odometer_m + driven_m
    if chance.random() < RARE["nowhere"]:
        seen = Point(0.0, 0.0)
    return Signal(
        at,
        at + TRANSPORT_SECONDS * math.exp(chance.gauss(0, TRANSPORT_SIGMA)),
        int(at + (0 if activity.doing is Doing.PARK else chance.gauss(0, JITTER_SECONDS)))
        + vehicle.clock_ahead_seconds,
        seen.latitude,
        seen.longitude,
        speed,
        heading,
        odometer,
        (0 if activity.doing is Doing.PARK else 1) if ignition is None else ignition,
        activity.next_label if at >= activity.label_at else activity.label,
        metres if activity.doing is Doing.TRIP else None,
    )
