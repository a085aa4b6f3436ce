"""Convert a GTFS to rows of the reference files; docs/reference/data-dictionary.md describes its choices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from brt_watch.errors import NetworkError
from brt_watch.feeds.brt import AGENCY
from brt_watch.network import gtfs, read_seed
from brt_watch.network.geometry import Point, place, running_metres
from brt_watch.network.gtfs import Feed, Trip
from brt_watch.network.rows import Row
from brt_watch.network.seeds import Tables, add_path, clock_text, degrees
from brt_watch.network.stations import StopOf, stations_of

FAR_FROM_THE_PATH_M = 500
"""A stop farther than this from the shape of its trip is an error of the GTFS."""


def tables_of(
    source: Path,
    known: Path,
    agency: str | None = AGENCY.agency_id,
    routes: Sequence[str] = (),
    since: date | None = None,
) -> Tables:
    """Return the rows of a GTFS that is valid `since` a day, by default its own first day.

    `known` is the folder of the current reference files. Without an agency all routes are taken. A line is named by the
    short name of its route; without an agency, by the `route_id` where several routes have that short name, or none.
    """
    feed = Feed(source)
    chosen = gtfs.brt_routes(feed, agency, routes)
    names = gtfs.line_names(chosen, unique=agency is None)
    trips = gtfs.brt_trips(feed, names)
    service = gtfs.weekday_services(feed, trips)
    trips = {key: trip for key, trip in trips.items() if trip.service == service.get(trip.linha)}
    best = gtfs.most_used(trips)
    stations = stations_of(feed, {stop for trip in best.values() for _, stop in trip.stops}, known)
    shapes = gtfs.shapes_of(feed, {trip.shape for trip in best.values() if trip.shape})
    day = str(since) if since else gtfs.date_of(feed)
    if not day:
        raise NetworkError(where=str(source), problem="it does not say from when it is valid; give --valid-from")
    origin = {"fonte": f"GTFS {source.stem}", "data_fonte": day}
    tables: Tables = {name: [] for name in ("linha_intervalos", "trajetos", "linha_trajetos", "linha_estacoes")}
    tables["estacoes"] = _station_rows({s.estacao_id: s for s in stations.values()}, known, origin)
    lengths: dict[str, float] = {}
    for (linha, sentido), trip in best.items():
        version = {"linha": linha, "valido_desde": day, "sentido": sentido}
        points = shapes.get(trip.shape, [])
        metres = running_metres(points) if points else []
        if points:
            lengths.setdefault(linha, metres[-1])
            add_path(tables, version, points, metres, origin)
        tables["linha_estacoes"] += _stop_rows(version, trip, stations, points, metres)
    intervals = {linha: gtfs.intervals_of([t for t in trips.values() if t.linha == linha]) for linha, _ in best}
    for linha, spans in intervals.items():
        for begin, end, seconds in spans:
            span = {"hora_inicio": clock_text(begin), "hora_fim": clock_text(end), "intervalo_s": str(seconds)}
            tables["linha_intervalos"].append({"linha": linha, "valido_desde": day, **span})
    lines = _line_rows({names[route]: row for route, row in reversed(chosen.items())}, best, intervals, lengths, known)
    tables["linhas"] = [{**line, "valido_desde": day, **origin} for line in lines]
    return tables


def _station_rows(stations: dict[str, StopOf], known: Path, origin: dict[str, str]) -> list[dict[str, str]]:
    there = {row.text("estacao_id"): row for row in read_seed(known, "estacoes")}
    rows = []
    for estacao_id, station in sorted(stations.items()):
        before = there.get(estacao_id)
        kind = "terminal" if station.nome.casefold().startswith("terminal") else "estacao"
        row: dict[str, str] = {
            "estacao_id": estacao_id,
            "nome": station.nome,
            "tipo": before.text("tipo") if before else kind,
            "corredores": before.optional("corredores") if before else "",
            **degrees(station.position),
        }
        if before and all(before.values.get(name) == cell for name, cell in row.items()):
            row = before.values
        rows.append(origin | row)
    return rows


def _line_rows(
    routes: dict[str, Row],
    best: dict[tuple[str, str], Trip],
    intervals: dict[str, list[tuple[int, int, int]]],
    lengths: dict[str, float],
    known: Path,
) -> list[dict[str, str]]:
    there = {row.text("linha"): row for row in read_seed(known, "linhas")}
    rows = []
    for linha, spans in intervals.items():
        before, route = there.get(linha), routes[linha]
        nome = route.optional("route_long_name") or linha
        first, _, last = nome.partition(" - ")
        if before and before.text("nome") == nome:
            first, last = before.optional("extremo_a"), before.optional("extremo_b")
        text = f"{route.optional('route_desc')} {nome}".casefold()
        service = next((kind for kind in ("semidireto", "direto", "expresso") if kind in text), "parador")
        trip = next(trip for (name, _), trip in best.items() if name == linha)
        seconds = max(trip.times) - min(trip.times) if trip.times else 0
        rows.append(
            {
                "linha": linha,
                "nome": nome,
                "servico": before.text("servico") if before else service,
                "extremo_a": first,
                "extremo_b": last,
                "corredores": before.optional("corredores") if before else "",
                "comprimento_m": f"{lengths[linha]:.0f}" if linha in lengths else "",
                "viagem_s": str(seconds) if seconds else "",
                "inicio": clock_text(min(begin for begin, _, _ in spans)),
                "fim": clock_text(max(end for _, end, _ in spans)),
                "route_id": route.text("route_id"),
            }
        )
    return rows


def _stop_rows(
    version: dict[str, str],
    trip: Trip,
    stations: dict[str, StopOf],
    points: list[Point],
    metres: list[float],
) -> list[dict[str, str]]:
    stops: list[StopOf] = []
    for _, stop in trip.stops:
        if not stops or stops[-1].estacao_id != stations[stop].estacao_id:
            stops.append(stations[stop])
    places = [""] * len(stops)
    if points:
        along, beside = place([stop.platform for stop in stops], points, metres)
        if beside > FAR_FROM_THE_PATH_M:
            where = f"GTFS, stop_times and shapes of line {version['linha']} {version['sentido']}"
            raise NetworkError(where=where, problem=f"a stop lies more than {FAR_FROM_THE_PATH_M} m from the shape")
        places = [f"{metres_along:.1f}" for metres_along in along]
    return [
        {**version, "ordem": str(i), "estacao_id": stop.estacao_id, "distancia_m": at}
        for i, (stop, at) in enumerate(zip(stops, places, strict=True), 1)
    ]
