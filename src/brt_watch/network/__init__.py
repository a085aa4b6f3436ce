"""The network: stations, lines, paths and garages, from the reference files in `transform/dbt/seeds`.

Positions are degrees (WGS 84), lengths metres along a path, times seconds of the service day (after midnight they go
on beyond 86,400). Where each file comes from is in docs/data-dictionary.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File

from brt_watch.errors import NetworkError
from brt_watch.network.rows import Row, read_rows

SEEDS = File(__file__).resolve().parents[1] / "transform" / "dbt" / "seeds"

EARTH_RADIUS_M = 6_371_008.8
METRES_OF_A_DEGREE = EARTH_RADIUS_M * math.radians(1)
"""Of latitude, on a sphere of the Earth's mean radius."""

COLUMNS = {
    "estacoes": ("estacao_id", "nome", "tipo", "corredores", "latitude", "longitude", "fonte", "data_fonte"),
    "linhas": (
        *("linha", "nome", "servico", "extremo_a", "extremo_b", "corredores"),
        *("comprimento_m", "viagem_s", "inicio", "fim", "fonte", "data_fonte"),
    ),
    "linha_intervalos": ("linha", "hora_inicio", "hora_fim", "intervalo_s"),
    "linha_trajetos": ("linha", "sentido", "ordem", "latitude", "longitude", "distancia_m"),
    "linha_estacoes": ("linha", "sentido", "ordem", "estacao_id", "distancia_m"),
    "garagens": (
        *("garagem_id", "nome", "tipo", "latitude", "longitude", "raio_m"),
        *("poligono_id", "fonte", "data_fonte"),
    ),
    "garagem_poligonos": ("poligono_id", "ordem", "latitude", "longitude"),
    "trajeto_nomes": ("linha", "sentido", "trajeto", "primeira_vez", "ultima_vez"),
}
"""The reference files and their columns."""


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
    """A station on a path, with its metres from the beginning of the path."""

    estacao_id: str
    distancia_m: float


@dataclass(frozen=True)
class Path:
    """The way of a line in one direction: points, their metres from the first, and the stations in their order."""

    linha: str
    sentido: str
    latitudes: tuple[float, ...]
    longitudes: tuple[float, ...]
    metres: tuple[float, ...]
    stops: tuple[Stop, ...]

    @property
    def length_m(self) -> float:
        """The metres from the first point to the last."""
        return self.metres[-1]


@dataclass(frozen=True)
class Headway:
    """From when to when on a weekday a bus leaves every so many seconds."""

    hora_inicio_s: int
    hora_fim_s: int
    intervalo_s: int


@dataclass(frozen=True)
class Line:
    """A line: its kind of service, its scheduled seconds from end to end, and when it runs on a weekday."""

    linha: str
    nome: str
    servico: str
    viagem_s: float | None
    inicio_s: int
    fim_s: int
    headways: tuple[Headway, ...]


@dataclass(frozen=True)
class Garage:
    """A place where buses are parked: a garage, or a lay-by (`recuo`): a circle, and maybe a polygon."""

    garagem_id: str
    nome: str
    tipo: str
    latitude: float
    longitude: float
    raio_m: float
    poligono_id: str | None = None


@dataclass(frozen=True)
class Network:
    """Everything, by its keys; paths and the spellings of `trajeto` (newest first) by line and direction."""

    stations: dict[str, Station]
    lines: dict[str, Line]
    paths: dict[tuple[str, str], Path]
    garages: tuple[Garage, ...]
    trajetos: dict[tuple[str, str], tuple[str, ...]]


def read_network(folder: File = SEEDS) -> Network:
    """Read the reference files of a folder; raises NetworkError that names file, line and column."""
    stations: dict[str, Station] = {}
    for row in read_seed(folder, "estacoes"):
        position = row.position("latitude", "longitude")
        kind = row.one_of("tipo", "terminal", "estacao")
        station = Station(_new(row, "estacao_id", stations), row.text("nome"), kind, *position)
        stations[station.estacao_id] = station
    headways = _read_headways(folder)
    lines: dict[str, Line] = {}
    for row in read_seed(folder, "linhas"):
        linha = _new(row, "linha", lines)
        lines[linha] = Line(
            linha,
            row.text("nome"),
            row.one_of("servico", "parador", "expresso", "semidireto", "direto"),
            row.number("viagem_s", low=1) if row.optional("viagem_s") else None,
            *_span(row, "inicio", "fim"),
            tuple(headways.pop(linha, ())),
        )
    if headways:
        raise NetworkError(where="linha_intervalos.csv", problem=f"{', '.join(headways)}: not in linhas.csv")
    return Network(stations, lines, _read_paths(folder, stations, lines), _read_garages(folder), _read_trajetos(folder))


def read_seed(folder: File, name: str) -> Iterator[Row]:
    """Yield the lines of a reference file."""
    file = folder / f"{name}.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            yield from read_rows(file.name, lines, *COLUMNS[name])
    except OSError as error:
        raise NetworkError(where=str(file), problem=error.strerror or str(error)) from None


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the metres between two positions on a sphere of the Earth's mean radius (haversine)."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((there - here) / 2) ** 2
    half += math.cos(here) * math.cos(there) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def _read_headways(folder: File) -> dict[str, list[Headway]]:
    headways: dict[str, list[Headway]] = defaultdict(list)
    for row in read_seed(folder, "linha_intervalos"):
        headway = Headway(*_span(row, "hora_inicio", "hora_fim"), row.integer("intervalo_s", low=1))
        before = headways[row.text("linha")]
        if before and headway.hora_inicio_s < before[-1].hora_fim_s:
            row.fail("hora_inicio", "it lies before the end of the interval above")
        before.append(headway)
    return headways


def _read_paths(folder: File, stations: dict[str, Station], lines: dict[str, Line]) -> dict[tuple[str, str], Path]:
    points: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for row in read_seed(folder, "linha_trajetos"):
        metres = row.number("distancia_m")
        way = points[_line_and_direction(row, lines)]
        if row.integer("ordem") != len(way) + 1:
            row.fail("ordem", f"{len(way) + 1} is expected here")
        if metres <= way[-1][2] if way else metres:
            row.fail("distancia_m", "it must be 0 at the first point and grow from point to point")
        way.append((*row.position("latitude", "longitude"), metres))
    stops: dict[tuple[str, str], list[Stop]] = defaultdict(list)
    for row in read_seed(folder, "linha_estacoes"):
        key, station = _line_and_direction(row, lines), row.text("estacao_id")
        if station not in stations:
            row.fail("estacao_id", f"{station} is not in estacoes.csv")
        if key in points:
            metres = row.number("distancia_m", high=points[key][-1][2])
            if stops[key] and metres <= stops[key][-1].distancia_m:
                row.fail("distancia_m", "it must grow from station to station")
            stops[key].append(Stop(station, metres))
    for (linha, sentido), way in points.items():
        if len(way) < 2:
            raise NetworkError(where="linha_trajetos.csv", problem=f"{linha} {sentido} has only one point")
    paths = {}
    for key, way in points.items():
        latitudes, longitudes, metres_along = zip(*way, strict=True)
        paths[key] = Path(*key, latitudes, longitudes, metres_along, tuple(stops[key]))
    return paths


def _read_garages(folder: File) -> tuple[Garage, ...]:
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


def _read_trajetos(folder: File) -> dict[tuple[str, str], tuple[str, ...]]:
    names: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in read_seed(folder, "trajeto_nomes"):
        key = row.text("linha"), row.one_of("sentido", "ida", "volta")
        names[key].append((row.text("ultima_vez"), row.text("trajeto")))
    # Sorting is stable: of names last seen on the same day, the one that stands first in the file stays first.
    return {
        key: tuple(name for _, name in sorted(seen, key=lambda pair: pair[0], reverse=True))
        for key, seen in names.items()
    }


def _line_and_direction(row: Row, lines: dict[str, Line]) -> tuple[str, str]:
    linha = row.text("linha")
    if linha not in lines:
        row.fail("linha", f"{linha} is not in linhas.csv")
    return linha, row.one_of("sentido", "ida", "volta")


def _span(row: Row, first: str, last: str) -> tuple[int, int]:
    begin, end = row.time(first), row.time(last)
    return (begin, end) if begin < end else row.fail(last, f"it must be later than {first}")


def _new(row: Row, column: str, known: dict[str, Station] | dict[str, Line]) -> str:
    key = row.text(column)
    return key if key not in known else row.fail(column, f"{key} is there twice")
