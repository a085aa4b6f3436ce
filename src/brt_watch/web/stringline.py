"""Distance along a path against time: the trips of a line in one direction, with their signals on the path.

Trips, headways and what is bunched come from the models. Here those of marts and of live models are joined, each
trip once, and what is shown is summed up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import Any

from msgspec import Struct

from brt_watch.web.history_schemas import TripTrack


class Headway(Struct, frozen=True):
    """How long after the bus before a trip left a station, and whether that is bunched; None where that is unknown."""

    partida: datetime
    ate: datetime | None
    """When it left the next one; None at the last."""
    intervalo_segundos: float | None
    comboio: bool | None


class Track(Struct, frozen=True):
    """A trip as the models found it, with its points: [epoch seconds, metres along the path, km/h]."""

    codigo: str
    partida: datetime
    chegada: datetime
    pontos: list[tuple[float, float, float | None]]
    intervalos: list[Headway] = []

    def overlaps(self, other: Track) -> bool:
        """Whether the vehicle drove both at the same time, so that they are the same trip, found twice."""
        return self.partida <= other.chegada and other.partida <= self.chegada

    @property
    def bunched(self) -> list[tuple[float, float]]:
        """The times in which it was bunched, in epoch seconds: from one station to the next."""
        found: list[tuple[float, float]] = []
        for each in self.intervalos:
            if each.comboio:
                begin, end = each.partida.timestamp(), (each.ate or self.chegada).timestamp()
                if found and found[-1][1] == begin:
                    begin = found.pop()[0]
                found.append((begin, end))
        return found


def tracks(rows: Iterable[dict[str, Any]], headways: Iterable[dict[str, Any]] = ()) -> list[Track]:
    """Return the trips of the rows of web_stringline and web_headways, with at least two points each."""
    by_trip: dict[str, list[Headway]] = defaultdict(list)
    for row in headways:
        by_trip[row.pop("id_viagem")].append(Headway(**row))
    found = []
    for trip, group in groupby(rows, lambda row: row["id_viagem"]):
        of_trip = list(group)
        first = of_trip[0]
        points = [(row["momento"].timestamp(), row["metros"], row["velocidade"]) for row in of_trip]
        if len(points) > 1:
            found.append(Track(first["codigo"], first["partida"], first["chegada"], points, by_trip[trip]))
    return found


def merged(marts: Iterable[Track], live: Iterable[Track], since: datetime | None) -> list[Track]:
    """Return the trips of the marts and of the live models, each once, by vehicle and time.

    The live one is newer and counts, unless it begins before `since`: then it lacks its beginning.
    """
    whole: list[Track] = []
    cut: list[Track] = []
    for track in live:
        (cut if since and track.partida <= since else whole).append(track)
    kept = whole
    for others in (marts, cut):
        kept = kept + [track for track in others if not any(track.overlaps(each) for each in _of(track.codigo, kept))]
    return sorted(kept, key=lambda track: (track.codigo, track.partida))


def shown(found: list[Track]) -> list[TripTrack]:
    """Return the trips as the API shows them, numbered by vehicle."""
    return [
        TripTrack(codigo, number, track.pontos, track.bunched)
        for codigo, group in groupby(found, lambda track: track.codigo)
        for number, track in enumerate(group, 1)
    ]


def median_headway(found: list[Track]) -> float | None:
    """Return the median of the headways that are known."""
    known = [each.intervalo_segundos for track in found for each in track.intervalos]
    return median(seconds) if (seconds := [value for value in known if value is not None]) else None


def bunched_share(found: list[Track]) -> float | None:
    """Return the share of bunched ones among the headways that are compared with a plan."""
    compared = [each.comboio for track in found for each in track.intervalos if each.comboio is not None]
    return sum(compared) / len(compared) if compared else None


def _of(codigo: str, found: Iterable[Track]) -> Iterator[Track]:
    return (track for track in found if track.codigo == codigo)
