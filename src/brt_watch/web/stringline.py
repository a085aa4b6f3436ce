"""Distance along a path against time: the trips of the vehicles of a line in one direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from brt_watch.web.history_schemas import TripTrack
from brt_watch.web.signals import Signal
from brt_watch.web.thresholds import LIMITS

LONGEST_PAUSE = timedelta(minutes=5)
BACK_M = 300.0
"""A bus that moves back this far on its path has begun another trip."""

LEAST_SHARE = 0.05
"""Minimum forward distance along the path for a trip."""


def trips(signals: Iterable[Signal], sentido: str, length_m: float) -> list[TripTrack]:
    """Return the tracks in a direction, as gps_brt has direction and progress."""
    by_vehicle: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.sentido_estimado == sentido and signal.progresso_m is not None and _is_near(signal):
            by_vehicle[signal.codigo].append(signal)
    found = []
    for codigo in sorted(by_vehicle):
        tracks = [trip for trip in _split(by_vehicle[codigo]) if _metres(trip) >= LEAST_SHARE * length_m]
        for number, trip in enumerate(tracks, 1):
            points = [(each.datahora.timestamp(), each.progresso_m or 0.0, each.velocidade) for each in trip]
            found.append(TripTrack(codigo, number, points))
    return found


def _is_near(signal: Signal) -> bool:
    return signal.desvio_m is not None and signal.desvio_m <= LIMITS.viagem_desvio_m


def _metres(trip: list[Signal]) -> float:
    return (trip[-1].progresso_m or 0.0) - (trip[0].progresso_m or 0.0)


def _split(signals: Iterable[Signal]) -> Iterator[list[Signal]]:
    trip: list[Signal] = []
    for each in signals:
        if trip and (
            each.datahora - trip[-1].datahora > LONGEST_PAUSE
            or (each.progresso_m or 0.0) < (trip[-1].progresso_m or 0.0) - BACK_M
        ):
            yield trip
            trip = []
        trip.append(each)
    if trip:
        yield trip
