"""A GTFS of the city becomes the reference files of the network (docs/data-dictionary.md says what it chooses)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as File

from brt_watch.errors import NetworkError
from brt_watch.network import geometry as way
from brt_watch.network import gtfs, read_seed
from brt_watch.network.gtfs import Feed, Trip
from brt_watch.network.rows import Row
from brt_watch.network.seeds import Tables, clock_text
from brt_watch.network.stations import StopOf, stations_of

FAR_FROM_THE_WAY_M = 500
"""A stop further beside the shape of its trip than this is a mistake of the GTFS."""


def tables_of(source: File, known: File, agency: str = gtfs.BRT_AGENCY, routes: Sequence[str] = ()) -> Tables:
    """Return the five tables that a GTFS gives, in their order; `known` is the folder of what is known already."""
    feed = Feed(source)
    chosen = gtfs.brt_routes(feed, agency, routes)
    trips = gtfs.brt_trips(feed, chosen)
    service = gtfs.weekday_services(feed, trips)
    trips = {key: trip for key, trip in trips.items() if trip.service == service.get(trip.linha)}
    best = gtfs.most_used(trips)
    stations = stations_of(feed, {stop for trip in best.values() for _, stop in trip.stops}, known)
    ways = gtfs.ways_of(feed, {trip.shape for trip in best.values() if trip.shape})
    text, date = f"GTFS {source.stem}", gtfs.date_of(feed)
    tables: Tables = {
        name: [] for name in ("estacoes", "linhas", "linha_intervalos", "linha_trajetos", "linha_estacoes")
    }
    tables["estacoes"] = _station_rows({s.estacao_id: s for s in stations.values()}, known, [text, date])
    lengths: dict[str, float] = {}
    for (linha, sentido), trip in best.items():
        points = ways.get(trip.shape, [])
        metres = way.running_metres(points) if points else []
        if points:
            lengths.setdefault(linha, metres[-1])
        for i, (point, along) in enumerate(zip(points, metres, strict=True), 1):
            tables["linha_trajetos"].append([linha, sentido, str(i), *_degrees(point), f"{along:.1f}"])
        tables["linha_estacoes"] += _stop_rows((linha, sentido), trip, stations, points, metres)
    intervals = {linha: gtfs.intervals_of([t for t in trips.values() if t.linha == linha]) for linha, _ in best}
    for linha, spans in intervals.items():
        tables["linha_intervalos"] += [[linha, clock_text(a), clock_text(b), str(seconds)] for a, b, seconds in spans]
    tables["linhas"] = _line_rows(chosen, best, intervals, lengths, known, [text, date])
    return tables


def _station_rows(stations: dict[str, StopOf], known: File, source: list[str]) -> list[list[str]]:
    there = {row.text("estacao_id"): row for row in read_seed(known, "estacoes")}
    rows = []
    for estacao_id, station in sorted(stations.items()):
        before = there.get(estacao_id)
        kind = "terminal" if station.nome.casefold().startswith("terminal") else "estacao"
        if before:
            kind = before.text("tipo")
        corridors = before.optional("corredores") if before else ""
        rows.append(
            _with_source([estacao_id, station.nome, kind, corridors, *_degrees(station.position)], before, source)
        )
    return rows


def _line_rows(
    routes: dict[str, Row],
    best: dict[tuple[str, str], Trip],
    intervals: dict[str, list[tuple[int, int, int]]],
    lengths: dict[str, float],
    known: File,
    source: list[str],
) -> list[list[str]]:
    there = {row.text("linha"): row for row in read_seed(known, "linhas")}
    named = {row.text("route_short_name"): row for row in reversed(routes.values())}
    rows = []
    for linha, spans in intervals.items():
        before, route = there.get(linha), named[linha]
        nome = route.optional("route_long_name") or linha
        first, _, last = nome.partition(" - ")
        if before and before.text("nome") == nome:
            first, last = before.optional("extremo_a"), before.optional("extremo_b")
        text = f"{route.optional('route_desc')} {nome}".casefold()
        service = next((kind for kind in ("semidireto", "direto", "expresso") if kind in text), "parador")
        trip = next(trip for (name, _), trip in best.items() if name == linha)
        seconds = max(trip.times) - min(trip.times) if trip.times else 0
        fields = [
            *(linha, nome, before.text("servico") if before else service, first, last),
            before.optional("corredores") if before else "",
            f"{lengths[linha]:.0f}" if linha in lengths else "",
            str(seconds) if seconds else "",
            *(clock_text(min(begin for begin, _, _ in spans)), clock_text(max(end for _, end, _ in spans))),
        ]
        rows.append(_with_source(fields, before, source))
    return rows


def _stop_rows(
    key: tuple[str, str],
    trip: Trip,
    stations: dict[str, StopOf],
    points: list[way.Point],
    metres: list[float],
) -> list[list[str]]:
    stops: list[StopOf] = []
    for _, stop in trip.stops:
        if not stops or stops[-1].estacao_id != stations[stop].estacao_id:
            stops.append(stations[stop])
    places = [""] * len(stops)
    if points:
        along, beside = way.place([stop.platform for stop in stops], points, metres)
        if beside > FAR_FROM_THE_WAY_M:
            where = f"GTFS, stop_times and shapes of line {key[0]} {key[1]}"
            raise NetworkError(where=where, problem=f"a stop lies more than {FAR_FROM_THE_WAY_M} m beside the shape")
        places = [f"{place:.1f}" for place in along]
    return [[*key, str(i), s.estacao_id, at] for i, (s, at) in enumerate(zip(stops, places, strict=True), 1)]


def _with_source(fields: list[str], before: Row | None, source: list[str]) -> list[str]:
    """Add where the fields are from: when none of them changed, it stays what it was."""
    if before and list(before.values.values())[: len(fields)] == fields:
        source = [before.optional("fonte"), before.optional("data_fonte")]
    return [*fields, *source]


def _degrees(position: way.Point) -> tuple[str, str]:
    return f"{position[0]:.6f}", f"{position[1]:.6f}"
