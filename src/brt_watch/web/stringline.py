"""Distance along a path against time: the trips of a line in one direction, with their signals on the path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from msgspec import Struct

from brt_watch.web.history_schemas import TripTrack


class Track(Struct, frozen=True):
    """A trip as the models found it, with its points: [epoch seconds, metres along the path, km/h]."""

    codigo: str
    partida: datetime
    chegada: datetime
    pontos: list[tuple[float, float, float | None]]

    def overlaps(self, other: Track) -> bool:
        """Whether the vehicle drove both at the same time, so that they are the same trip, found twice."""
        return self.partida <= other.chegada and other.partida <= self.chegada


def tracks(rows: Iterable[dict[str, Any]]) -> list[Track]:
    """Return the trips of the rows of web_stringline, with at least two points each."""
    found = []
    for _, group in groupby(rows, lambda row: row["id_viagem"]):
        of_trip = list(group)
        first = of_trip[0]
        points = [(row["momento"].timestamp(), row["metros"], row["velocidade"]) for row in of_trip]
        if len(points) > 1:
            found.append(Track(first["codigo"], first["partida"], first["chegada"], points))
    return found


def merged(marts: Iterable[Track], live: Iterable[Track], since: datetime | None) -> list[TripTrack]:
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
    kept.sort(key=lambda track: (track.codigo, track.partida))
    return [
        TripTrack(codigo, number, track.pontos)
        for codigo, group in groupby(kept, lambda track: track.codigo)
        for number, track in enumerate(group, 1)
    ]


def _of(codigo: str, found: Iterable[Track]) -> Iterator[Track]:
    return (track for track in found if track.codigo == codigo)
