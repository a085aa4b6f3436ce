"""A proposal: the learned paths of a line as GeoJSON, for a person to review, correct and accept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from brt_watch.errors import NetworkError
from brt_watch.network import OF_A_LINE, Network, Station, read_network, read_seed
from brt_watch.network.geometry import Point, place, running_metres
from brt_watch.network.learning import TERMINAL_M, LearnedPath, Seen, learn
from brt_watch.network.seeds import Tables, add_path
from brt_watch.network.stations import same_name

OF_THE_LINE = (
    *("nome", "servico", "extremo_a", "extremo_b", "corredores", "comprimento_m", "viagem_s", "inicio", "fim"),
    "route_id",
)
"""The properties of the line in a proposal, besides its paths; a person may change them."""


def propose(
    linha: str, seen: Sequence[Seen], folder: Path, stopped_kmh: float, ends: tuple[Point, Point] | None = None
) -> dict[str, Any]:
    """Return a proposal for a line from its signals; raises NetworkError when they do not show a path.

    `stopped_kmh` is the speed below which a vehicle stands. `ends` are the terminals where `ida` begins and ends; by
    default those of the reference files, else where vehicles change their direction.
    """
    network = read_network(folder)
    stations = {name: (each.latitude, each.longitude) for name, each in network.stations.items()}
    paths = learn(seen, stations, stopped_kmh, ends or known_ends(linha, folder, network))
    if not paths:
        problem = "these signals show no path: take more of them, or name the terminals with --ends"
        raise NetworkError(where=f"line {linha}", problem=problem)
    days = sorted({day for path in paths.values() for day in path.days})
    known = _row_of(linha, folder, date.max)
    has_path = any(key[0] == linha for key in network.paths)
    features: list[dict[str, Any]] = []
    for sentido, path in paths.items():
        features.append(_line_feature(sentido, path))
        features += _station_features(sentido, path, network.stations)
    return {
        "type": "FeatureCollection",
        "linha": linha,
        # A version without a path is completed; otherwise the signals define a new version.
        "valido_desde": known["valido_desde"] if known and not has_path else str(days[0]),
        **({name: known.get(name, "") for name in OF_THE_LINE} if known else _unknown(linha)),
        "fonte": f"sinais de {days[0]} a {days[-1]} ({len(days)} dias)",
        "data_fonte": str(days[-1]),
        "features": features,
    }


def known_ends(linha: str, folder: Path, network: Network) -> tuple[Point, Point] | None:
    """Return the terminals of `ida`: the ends of its stations, or stations with the names of the ends of the line."""
    order = [
        row.text("estacao_id")
        for row in read_seed(folder, "linha_estacoes")
        if row.text("linha") == linha and row.text("sentido") == "ida"
    ]
    if len(order) < 2:
        row = _row_of(linha, folder, date.max)
        order = [
            name
            for end in ("extremo_a", "extremo_b")
            for name, station in network.stations.items()
            if row and same_name(station.nome, row[end])
        ]
        if len(order) != 2:
            return None
    first, last = network.stations[order[0]], network.stations[order[-1]]
    return (first.latitude, first.longitude), (last.latitude, last.longitude)


def parse_ends(text: str, folder: Path) -> tuple[Point, Point]:
    """Read two terminals, each an `estacao_id` or LATITUDE/LONGITUDE; raises NetworkError."""
    stations = read_network(folder).stations
    ends: list[Point] = []
    for name in text.split(","):
        latitude, slash, longitude = name.strip().partition("/")
        try:
            station = None if slash else stations[name.strip()]
            ends.append((station.latitude, station.longitude) if station else (float(latitude), float(longitude)))
        except (KeyError, ValueError):
            problem = f"{name!r} is neither a station of estacoes.csv nor LATITUDE/LONGITUDE"
            raise NetworkError(where="--ends", problem=problem) from None
    if len(ends) != 2:
        raise NetworkError(where="--ends", problem="two terminals are expected, with a comma between them")
    return ends[0], ends[1]


def accepted(proposal: dict[str, Any], folder: Path) -> Tables:
    """Return the rows of an accepted proposal; raises NetworkError when it is not one.

    The line stops at the stations with `para` true; null must be decided first. A direction without a path in the
    proposal keeps its current path.
    """
    try:
        return _rows(proposal, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NetworkError(where="the proposal", problem=f"it is not one: {error!r}") from error


def read_proposal(file: Path) -> dict[str, Any]:
    """Read a proposal; raises NetworkError."""
    try:
        proposal = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NetworkError(where=str(file), problem=str(error)) from error
    return proposal if isinstance(proposal, dict) else {}


def _rows(proposal: dict[str, Any], folder: Path) -> Tables:
    linha, since = str(proposal["linha"]), str(date.fromisoformat(proposal["valido_desde"]))
    origin = {"fonte": str(proposal["fonte"]), "data_fonte": str(proposal["data_fonte"])}
    known = _row_of(linha, folder, date.fromisoformat(since))
    version = {"linha": linha, "valido_desde": since}
    line = {name: str(proposal.get(name) or "") for name in OF_THE_LINE}
    unchanged = known and all(known[name] == cell for name, cell in line.items())
    of_line = {name: known[name] for name in origin} if known and unchanged else origin
    stations = read_network(folder).stations
    tables: Tables = {name: [] for name in (*OF_A_LINE, "estacoes")}
    tables["linhas"] = [{**version, **line, **of_line}]
    proposed = set()
    for feature in proposal["features"]:
        if feature["geometry"]["type"] == "LineString":
            sentido = feature["properties"]["sentido"]
            proposed.add(sentido)
            _add_direction(
                tables, {**version, "sentido": sentido}, feature, _stops(proposal, sentido, stations), origin
            )
    for name in OF_A_LINE[1:]:
        for row in read_seed(folder, name) if known else ():
            if (row.values["linha"], row.values["valido_desde"]) == (linha, (known or {})["valido_desde"]):
                tables[name] += [{**row.values, **version}] if row.optional("sentido") not in proposed else []
    return tables


def _add_direction(
    tables: Tables, path: dict[str, str], feature: dict[str, Any], stops: list[Station], origin: dict[str, str]
) -> None:
    points = [(round(float(lat), 6), round(float(lon), 6)) for lon, lat in feature["geometry"]["coordinates"]]
    metres = running_metres(points)
    add_path(tables, path, points, metres, origin)
    places = place([(stop.latitude, stop.longitude) for stop in stops], points, metres)[0] if stops else []
    for i, (stop, along) in enumerate(zip(stops, places, strict=True), 1):
        row = {"ordem": str(i), "estacao_id": stop.estacao_id, "distancia_m": f"{along:.1f}"}
        tables["linha_estacoes"].append({**path, **row})


def _stops(proposal: dict[str, Any], sentido: str, stations: dict[str, Station]) -> list[Station]:
    """Return the stations of a direction, in the order of the proposal."""
    found = []
    for each in (feature["properties"] for feature in proposal["features"] if feature["geometry"]["type"] == "Point"):
        name = each["estacao_id"]
        if name not in stations:
            raise NetworkError(where="the proposal", problem=f"{name} is not in estacoes.csv")
        if each["para"] is None:
            raise NetworkError(
                where="the proposal", problem=f"say whether the line stops at {name}: para true or false"
            )
        if each["para"] and each["sentido"] == sentido:
            found.append(stations[name])
    return found


def _line_feature(sentido: str, path: LearnedPath) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {
            "type": "LineString",
            "coordinates": [[round(longitude, 6), round(latitude, 6)] for latitude, longitude in path.points],
        },
        "properties": {
            "sentido": sentido,
            "sinais": path.signals,
            "veiculos": path.vehicles,
            "desvio_mediano_m": round(path.spread_m, 1),
            "maior_lacuna_m": round(path.gap_m),
        },
    }


def _station_features(sentido: str, path: LearnedPath, stations: dict[str, Station]) -> Iterable[dict[str, Any]]:
    """Yield the stations near a path, including the terminals at its ends, in order."""
    near = {stop.estacao_id: (stop.distancia_m, stop.signals, stop.stopped, stop.is_served) for stop in path.stops}
    length = running_metres(path.points)[-1]
    for end, at in ((path.points[0], 0.0), (path.points[-1], length)):
        metres, name = min(
            (running_metres([end, (each.latitude, each.longitude)])[-1], name) for name, each in stations.items()
        )
        if metres <= TERMINAL_M:
            _, signals, stopped, _ = near.get(name, (at, 0, 0, True))
            near[name] = (at, signals, stopped, True)
    for name, (_, signals, stopped, is_served) in sorted(near.items(), key=lambda item: item[1][0]):
        station = stations[name]
        yield {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [station.longitude, station.latitude]},
            "properties": {
                "sentido": sentido,
                "estacao_id": name,
                "nome": station.nome,
                "para": is_served,
                "sinais": signals,
                "parados": stopped,
            },
        }


def _row_of(linha: str, folder: Path, day: date) -> dict[str, str] | None:
    """Return the row of the version of a line that is valid on a day, or the first one."""
    rows = sorted(
        (row.values for row in read_seed(folder, "linhas") if row.text("linha") == linha),
        key=lambda row: row["valido_desde"],
    )
    begun = [row for row in rows if row["valido_desde"] <= str(day)]
    return begun[-1] if begun else rows[0] if rows else None


def _unknown(linha: str) -> dict[str, str]:
    """Return the properties of a line without a plan: a person must fill in its hours."""
    return dict.fromkeys(OF_THE_LINE, "") | {"nome": linha, "servico": "parador", "inicio": "00:00", "fim": "24:00"}
