"""The network: stations, lines, paths and garages, from the reference files in `transform/dbt/seeds`.

Positions are degrees (WGS 84), lengths metres along a path, times seconds of the service day (86,400 and more after
midnight). docs/reference/data-dictionary.md names the source of each file.

A line has versions. Each is valid from its `valido_desde` until its `valido_ate`, or until the next version begins; the
first also covers earlier days, because a later plan is better than none.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from brt_watch.earth import RADIUS_M
from brt_watch.errors import NetworkError
from brt_watch.network.rows import Row, read_rows

SEEDS = Path(__file__).resolve().parents[1] / "transform" / "dbt" / "seeds"

COLUMNS = {
    "estacoes": ("estacao_id", "nome", "tipo", "corredores", "latitude", "longitude", "fonte", "data_fonte"),
    "linhas": (
        *("linha", "valido_desde", "valido_ate", "nome", "servico", "extremo_a", "extremo_b", "corredores"),
        *("comprimento_m", "viagem_s", "inicio", "fim", "route_id", "fonte", "data_fonte"),
    ),
    "linha_intervalos": ("linha", "valido_desde", "hora_inicio", "hora_fim", "intervalo_s"),
    "trajetos": ("linha", "valido_desde", "sentido", "comprimento_m", "fonte", "data_fonte"),
    "linha_trajetos": ("linha", "valido_desde", "sentido", "ordem", "latitude", "longitude", "distancia_m"),
    "linha_estacoes": ("linha", "valido_desde", "sentido", "ordem", "estacao_id", "distancia_m"),
    "garagens": (
        *("garagem_id", "nome", "tipo", "latitude", "longitude", "raio_m"),
        *("poligono_id", "fonte", "data_fonte"),
    ),
    "garagem_poligonos": ("poligono_id", "ordem", "latitude", "longitude"),
    "trajeto_nomes": ("linha", "sentido", "trajeto", "sentido_na_rede", "primeira_vez", "ultima_vez"),
}
"""The reference files and their columns."""

OF_A_LINE = ("linhas", "linha_intervalos", "trajetos", "linha_trajetos", "linha_estacoes")
"""The files whose rows belong to a version of a line (`linha`, `valido_desde`)."""

Version = tuple[str, date]
"""A line and the day from which a version of it is valid."""

Key = TypeVar("Key")


@dataclass(frozen=True)
class Station:
    """A station or a terminal."""

    estacao_id: str
    nome: str
    tipo: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Stop:
    """A station on a path, and its distance in metres from the first point."""

    estacao_id: str
    distancia_m: float


@dataclass(frozen=True)
class LinePath:
    """The path of a line in one direction: points, their metres from the first, and the stations in order."""

    linha: str
    sentido: str
    latitudes: tuple[float, ...]
    longitudes: tuple[float, ...]
    metres: tuple[float, ...]
    stops: tuple[Stop, ...]

    @property
    def length_m(self) -> float:
        """Metres from the first point to the last."""
        return self.metres[-1]


@dataclass(frozen=True)
class Headway:
    """A span of a weekday with one headway, in seconds."""

    hora_inicio_s: int
    hora_fim_s: int
    intervalo_s: int


@dataclass(frozen=True)
class Line:
    """A version of a line: kind of service, scheduled seconds from end to end, hours and headways of a weekday."""

    linha: str
    nome: str
    servico: str
    viagem_s: float | None
    inicio_s: int
    fim_s: int
    headways: tuple[Headway, ...]
    valido_desde: date
    valido_ate: date | None = None
    corredores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Garage:
    """A garage or a lay-by (`recuo`) where buses park: a circle, and a polygon where one is known."""

    garagem_id: str
    nome: str
    tipo: str
    latitude: float
    longitude: float
    raio_m: float
    poligono_id: str | None = None


@dataclass(frozen=True)
class Network:
    """The network of a day, by key; paths and spellings of `trajeto` (newest first) by line and direction."""

    stations: dict[str, Station]
    lines: dict[str, Line]
    paths: dict[tuple[str, str], LinePath]
    garages: tuple[Garage, ...]
    trajetos: dict[tuple[str, str], tuple[str, ...]]


def read_network(folder: Path = SEEDS, day: date | None = None) -> Network:
    """Read the network that is valid on a day, by default the versions without an end.

    Raises NetworkError that names file, line and column.
    """
    stations: dict[str, Station] = {}
    for row in read_seed(folder, "estacoes"):
        position = row.position("latitude", "longitude")
        kind = row.one_of("tipo", "terminal", "estacao")
        station = Station(_new(row, row.text("estacao_id"), stations), row.text("nome"), kind, *position)
        stations[station.estacao_id] = station
    lines = _read_lines(folder)
    paths = _read_paths(folder, stations, lines)
    chosen = valid_versions(lines, day)
    return Network(
        stations,
        {linha: lines[version] for linha, version in chosen.items()},
        {path[1:]: paths[path] for path in paths if chosen.get(path[1]) == path[0]},
        _read_garages(folder),
        _read_trajetos(folder),
    )


def valid_versions(lines: dict[Version, Line], day: date | None) -> dict[str, Version]:
    """Return the version of each line that is valid on a day, or without a day the one that has no end."""
    versions: dict[str, list[Version]] = defaultdict(list)
    for version in lines:
        versions[version[0]].append(version)
    chosen = {}
    for linha, known in versions.items():
        begun = sorted(version for version in known if day is None or version[1] <= day)
        version = begun[-1] if begun else min(known)
        end = lines[version].valido_ate
        if end is None if day is None else end is None or day <= end:
            chosen[linha] = version
    return chosen


def read_seed(folder: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a reference file."""
    file = folder / f"{name}.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            yield from read_rows(file.name, lines, *COLUMNS[name])
    except OSError as error:
        raise NetworkError(where=str(file), problem=error.strerror or str(error)) from None


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the metres between two positions, on a sphere of the Earth's mean radius (haversine)."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((there - here) / 2) ** 2
    half += math.cos(here) * math.cos(there) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def _read_lines(folder: Path) -> dict[Version, Line]:
    headways = _read_headways(folder)
    lines: dict[Version, Line] = {}
    for row in read_seed(folder, "linhas"):
        version = _new(row, _version(row), lines)
        if (end := row.date("valido_ate") if row.optional("valido_ate") else None) and end < version[1]:
            row.fail("valido_ate", "it is earlier than valido_desde")
        lines[version] = Line(
            version[0],
            row.text("nome"),
            row.one_of("servico", "parador", "expresso", "semidireto", "direto"),
            row.number("viagem_s", low=1) if row.optional("viagem_s") else None,
            *_span(row, "inicio", "fim"),
            tuple(headways.pop(version, ())),
            version[1],
            end,
            tuple(corridor for corridor in row.optional("corredores").split(";") if corridor),
        )
    if headways:
        unknown = ", ".join(f"{linha} of {since}" for linha, since in headways)
        raise NetworkError(where="linha_intervalos.csv", problem=f"{unknown}: not in linhas.csv")
    return lines


def _read_headways(folder: Path) -> dict[Version, list[Headway]]:
    headways: dict[Version, list[Headway]] = defaultdict(list)
    for row in read_seed(folder, "linha_intervalos"):
        headway = Headway(*_span(row, "hora_inicio", "hora_fim"), row.integer("intervalo_s", low=1))
        before = headways[_version(row)]
        if before and headway.hora_inicio_s < before[-1].hora_fim_s:
            row.fail("hora_inicio", "it lies before the end of the interval above")
        before.append(headway)
    return headways


def _read_paths(
    folder: Path, stations: dict[str, Station], lines: dict[Version, Line]
) -> dict[tuple[Version, str, str], LinePath]:
    points: dict[tuple[Version, str, str], list[tuple[float, float, float]]] = defaultdict(list)
    described = {_path_key(row, lines) for row in read_seed(folder, "trajetos")}
    for row in read_seed(folder, "linha_trajetos"):
        metres, key = row.number("distancia_m"), _path_key(row, lines)
        if key not in described:
            row.fail("linha", f"{key[1]} {key[2]} of {key[0][1]} is not in trajetos.csv")
        path = points[key]
        if row.integer("ordem") != len(path) + 1:
            row.fail("ordem", f"{len(path) + 1} is expected here")
        if metres <= path[-1][2] if path else metres:
            row.fail("distancia_m", "it must be 0 at the first point and grow from point to point")
        path.append((*row.position("latitude", "longitude"), metres))
    stops: dict[tuple[Version, str, str], list[Stop]] = defaultdict(list)
    for row in read_seed(folder, "linha_estacoes"):
        key, station = _path_key(row, lines), row.text("estacao_id")
        if station not in stations:
            row.fail("estacao_id", f"{station} is not in estacoes.csv")
        if key in points:
            metres = row.number("distancia_m", high=points[key][-1][2])
            if stops[key] and metres <= stops[key][-1].distancia_m:
                row.fail("distancia_m", "it must grow from station to station")
            stops[key].append(Stop(station, metres))
    paths = {}
    for key in sorted(described - points.keys()):
        raise NetworkError(where="linha_trajetos.csv", problem=f"{key[1]} {key[2]} of {key[0][1]} has no points")
    for key, path in points.items():
        if len(path) < 2:
            raise NetworkError(where="linha_trajetos.csv", problem=f"{key[1]} {key[2]} has only one point")
        latitudes, longitudes, metres_along = zip(*path, strict=True)
        paths[key] = LinePath(*key[1:], latitudes, longitudes, metres_along, tuple(stops[key]))
    return paths


def _read_garages(folder: Path) -> tuple[Garage, ...]:
    return tuple(
        Garage(
            row.text("garagem_id"),
            row.text("nome"),
            row.one_of("tipo", "garagem", "recuo"),
            *row.position("latitude", "longitude"),
            row.number("raio_m", low=1),
            row.optional("poligono_id"),
        )
        for row in read_seed(folder, "garagens")
    )


def _read_trajetos(folder: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    names: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in read_seed(folder, "trajeto_nomes"):
        key = row.text("linha"), row.one_of("sentido", "ida", "volta")
        names[key].append((row.text("ultima_vez"), row.text("trajeto")))
    # The sort is stable: among names last seen on the same day, the first in the file stays first.
    return {
        key: tuple(name for _, name in sorted(seen, key=lambda pair: pair[0], reverse=True))
        for key, seen in names.items()
    }


def _version(row: Row) -> Version:
    return row.text("linha"), row.date("valido_desde")


def _path_key(row: Row, lines: dict[Version, Line]) -> tuple[Version, str, str]:
    version = _version(row)
    if version not in lines:
        row.fail("linha", f"{version[0]} of {version[1]} is not in linhas.csv")
    return version, version[0], row.one_of("sentido", "ida", "volta")


def _span(row: Row, first: str, last: str) -> tuple[int, int]:
    begin, end = row.time(first), row.time(last)
    return (begin, end) if begin < end else row.fail(last, f"it must be later than {first}")


def _new(row: Row, key: Key, known: Mapping[Key, object]) -> Key:
    return key if key not in known else row.fail(next(iter(row.values)), "its key is there twice")
