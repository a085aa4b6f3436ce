"""The station of a stop of a GTFS: a known one, by code or by name and place, or a new one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from brt_watch.errors import NetworkError
from brt_watch.network import metres_between, read_seed
from brt_watch.network.geometry import Point
from brt_watch.network.gtfs import Feed

SAME_STATION_M = 100
"""Platforms, or stations of two sources, with the same name and at most this far apart are one station."""


@dataclass
class _Place:
    """The platforms of one station."""

    estacao_id: str
    nome: str
    position: Point
    codes: set[str] = field(default_factory=set)
    stops: dict[str, Point] = field(default_factory=dict)
    recognised: bool = False


@dataclass(frozen=True)
class StopOf:
    """The station of a stop, and the position of the stop itself (`platform`)."""

    estacao_id: str
    nome: str
    position: Point
    platform: Point


def stations_of(feed: Feed, used: set[str], known: Path) -> dict[str, StopOf]:
    """Return the station of each stop; platforms with one parent, or with one name within 100 m, are one station."""
    rows = {row.text("stop_id"): row for row in feed.rows("stops", "stop_id", "stop_name", "stop_lat", "stop_lon")}
    if missing := sorted(used - set(rows)):
        raise NetworkError(where=f"{feed.source}, stops", problem=f"stop {missing[0]} of stop_times is not there")
    places: list[_Place] = []
    parents: dict[str, _Place] = {}
    for stop in sorted(used):
        parent = rows[stop].optional("parent_station") or stop
        head = rows.get(parent, rows[stop])
        position = head.position("stop_lat", "stop_lon")
        near = [p for p in places if _is_same(p.nome, p.position, head.text("stop_name"), position)]
        place = parents.get(parent) or next(iter(near), None)
        if place is None:
            place = _Place(parent, head.text("stop_name"), position)
            places.append(place)
        parents[parent] = place
        place.codes |= {parent, stop, head.optional("stop_code"), rows[stop].optional("stop_code")}
        place.stops[stop] = rows[stop].position("stop_lat", "stop_lon")
    _recognise(places, known)
    return {
        stop: StopOf(place.estacao_id, place.nome, place.position, position)
        for place in places
        for stop, position in place.stops.items()
    }


def _recognise(places: list[_Place], known: Path) -> None:
    """Assign known stations their id and, unless it changed, the spelling of their name."""
    there = {row.text("estacao_id"): row for row in read_seed(known, "estacoes")}
    for by_code in (True, False):
        for place in places:
            if place.recognised:
                continue
            found = [
                (metres_between(*place.position, *row.position("latitude", "longitude")), name)
                for name, row in there.items()
                if (
                    name in place.codes
                    if by_code
                    else _is_same(row.text("nome"), row.position("latitude", "longitude"), place.nome, place.position)
                )
            ]
            if found:
                row = there.pop(min(found)[1])
                place.recognised, place.estacao_id = True, row.text("estacao_id")
                if same_name(row.text("nome"), place.nome):
                    place.nome = row.text("nome")


def same_name(name: str, other: str) -> bool:
    """Return whether two sources use two names for the same station."""
    return _plain(name) == _plain(other)


def _is_same(name: str, position: Point, other_name: str, other_position: Point) -> bool:
    return same_name(name, other_name) and metres_between(*position, *other_position) <= SAME_STATION_M


def _plain(name: str) -> str:
    """Return a name without accents, punctuation, and parts that only some sources add: Terminal, `:: Desembarque`."""
    letters = unicodedata.normalize("NFKD", name.partition("::")[0].casefold())
    return re.sub(r"^terminal(?=.)", "", re.sub(r"[^a-z0-9]", "", letters.encode("ascii", "ignore").decode()))
