"""Distance along a path against time: the trips of the vehicles of a line in one direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from brt_watch.network.matching import ON_PATH_M, Positions
from brt_watch.web.history_schemas import TripTrack
from brt_watch.web.signals import Signal

LONGEST_PAUSE = timedelta(minutes=5)
BACK_M = 300.0
"""A bus that is so far back on its path has begun another trip."""

AROUND = timedelta(minutes=3)
MOVED_M = 200.0
"""So far along its path a bus comes in AROUND before and after, and its movement tells its direction. Unlike the live
page and gps_brt the diagram knows what came later, which tells it better."""


class _Seen(NamedTuple):
    signal: Signal
    progress_m: float


def trips(signals: Iterable[Signal], linha: str, sentido: str, positions: Positions) -> list[TripTrack]:
    """Return the trips in a direction, by movement, and where that does not tell by the label."""
    by_vehicle: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        by_vehicle[signal.codigo].append(signal)
    found = []
    for codigo in sorted(by_vehicle):
        seen = _on_path(by_vehicle[codigo], linha, sentido, positions)
        for number, trip in enumerate(_split(_going(seen, sentido)), 1):
            points = [
                (each.signal.datahora.timestamp(), round(each.progress_m, 1), each.signal.velocidade) for each in trip
            ]
            found.append(TripTrack(codigo, number, points))
    return found


def _on_path(signals: list[Signal], linha: str, sentido: str, positions: Positions) -> list[_Seen]:
    seen: list[_Seen] = []
    for signal in signals:
        place = positions.on_path(linha, sentido, signal.at, signal.heading)
        if place and place.offset_m <= 2 * ON_PATH_M:
            seen.append(_Seen(signal, place.progress_m))
    return seen


def _going(seen: list[_Seen], sentido: str) -> Iterator[_Seen]:
    """Yield where a vehicle goes in the direction, by where it is some minutes before and after."""
    first = last = 0
    for each in seen:
        moment = each.signal.datahora
        while moment - seen[first].signal.datahora > AROUND:
            first += 1
        while last + 1 < len(seen) and seen[last + 1].signal.datahora - moment <= AROUND:
            last += 1
        came = seen[last].progress_m - seen[first].progress_m
        if came >= MOVED_M or (came > -MOVED_M and each.signal.goes == sentido):
            yield each


def _split(seen: Iterable[_Seen]) -> Iterator[list[_Seen]]:
    trip: list[_Seen] = []
    for each in seen:
        if trip and (
            each.signal.datahora - trip[-1].signal.datahora > LONGEST_PAUSE
            or each.progress_m < trip[-1].progress_m - BACK_M
        ):
            if len(trip) > 1:
                yield trip
            trip = []
        trip.append(each)
    if len(trip) > 1:
        yield trip
