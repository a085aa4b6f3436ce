"""A service day as GTFS with observed instead of planned times."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from brt_watch import __version__, disk
from brt_watch.clock import gtfs_midnight
from brt_watch.marts.rows import Read, dicts
from brt_watch.marts.selection import Selection
from brt_watch.marts.tables import PASSAGES, TRIPS
from brt_watch.network import LinePath, Network, read_network
from brt_watch.network.city import City

BUS = 3
DIRECTIONS = {"ida": 0, "volta": 1}
AT_LEAST_STOPS = 2
"""A trip seen at fewer stations is not a GTFS trip."""

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Written:
    """The counts of exported and omitted rows."""

    trips: int
    stop_times: int
    trips_left_out: int
    """Trips that were seen at fewer than two stations."""
    stop_times_left_out: int
    """Passages that begin before the one at the previous station ends: they cannot both be right."""


@dataclass(frozen=True)
class _Stop:
    trip: str
    order: int
    station: str
    arrival_s: int
    departure_s: int


def write_gtfs(read: Read, day: date, target: Path, city: City, simulated: bool) -> Written:
    """Write the trips of a service day, with the stations they came by, as a GTFS."""
    trips = {row["id_viagem"]: row for row in dicts(read, Selection.of_day(TRIPS, day))}
    midnight = gtfs_midnight(day, city.zone)
    by_trip: dict[str, list[_Stop]] = {}
    left_out = 0
    for row in sorted(
        dicts(read, Selection.of_day(PASSAGES, day)), key=lambda each: (each["id_viagem"], each["ordem"])
    ):
        arrival, departure = (round((row[name] - midnight).total_seconds()) for name in ("chegada", "partida"))
        stops = by_trip.setdefault(row["id_viagem"], [])
        if departure < arrival or (stops and arrival < stops[-1].departure_s):
            left_out += 1
            continue
        stops.append(_Stop(row["id_viagem"], row["ordem"], row["estacao_id"], arrival, departure))
    kept = {name: stops for name, stops in by_trip.items() if name in trips and len(stops) >= AT_LEAST_STOPS}
    network = read_network(city.seeds, day)
    tables = _tables(network, day, city, [trips[name] for name in sorted(kept)], kept, simulated)
    with disk.writing_durably(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, rows in tables:
            # Without a timestamp, the same rows give the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}.txt"), _csv(columns, rows), zipfile.ZIP_DEFLATED)
    return Written(len(kept), sum(map(len, kept.values())), len(trips) - len(kept), left_out)


def _tables(
    network: Network,
    day: date,
    city: City,
    trips: list[dict[str, Any]],
    stops: dict[str, list[_Stop]],
    simulated: bool,
) -> Iterator[tuple[str, str, Rows]]:
    mark = " (DADOS SIMULADOS)" if simulated else ""
    service, agency = f"observado-{day}", city.agency
    paths = {(each["linha"], each["sentido"]): network.paths.get((each["linha"], each["sentido"])) for each in trips}
    yield (
        *("agency", "agency_id,agency_name,agency_url,agency_timezone,agency_lang"),
        [(agency.agency_id, f"{agency.name}{mark}", agency.url, city.zone.key, agency.language)],
    )
    yield (
        *("feed_info", "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version"),
        [(f"brt-watch{mark}", city.address, agency.language, *[f"{day:%Y%m%d}"] * 2, _version(day))],
    )
    lines = sorted({line for line, _ in paths})
    yield (
        *("routes", "route_id,agency_id,route_short_name,route_long_name,route_type"),
        [(line, agency.agency_id, line, _name(network, line), BUS) for line in lines],
    )
    used = sorted({each.station for of_trip in stops.values() for each in of_trip})
    stations = [network.stations[station] for station in used]
    yield (
        *("stops", "stop_id,stop_name,stop_lat,stop_lon,location_type"),
        [(each.estacao_id, each.nome, f"{each.latitude:.6f}", f"{each.longitude:.6f}", 0) for each in stations],
    )
    yield "calendar_dates", "service_id,date,exception_type", [(service, f"{day:%Y%m%d}", 1)]
    yield (
        *("trips", "route_id,service_id,trip_id,trip_headsign,trip_short_name,direction_id,shape_id"),
        [
            (
                *(each["linha"], service, each["id_viagem"]),
                network.stations[stops[each["id_viagem"]][-1].station].nome,
                # The vehicle, which GTFS has no column for.
                *(each["codigo"], DIRECTIONS[each["sentido"]], _shape(each) if paths[_key(each)] else None),
            )
            for each in trips
        ],
    )
    yield (
        *("stop_times", "trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint,shape_dist_traveled"),
        _stop_times(trips, stops, paths),
    )
    yield (
        *("shapes", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled"),
        _shapes(paths),
    )


def _stop_times(
    trips: list[dict[str, Any]],
    stops: dict[str, list[_Stop]],
    paths: dict[tuple[str, str], LinePath | None],
) -> Iterator[Sequence[Any]]:
    for trip in trips:
        path = paths[_key(trip)]
        metres = [stop.distancia_m for stop in path.stops] if path else []
        for each in stops[trip["id_viagem"]]:
            distance = f"{metres[each.order - 1]:.1f}" if each.order <= len(metres) else None
            times = _clock(each.arrival_s), _clock(each.departure_s)
            yield each.trip, *times, each.station, each.order, 1, distance


def _shapes(paths: dict[tuple[str, str], LinePath | None]) -> Iterator[Sequence[Any]]:
    for (line, direction), path in sorted(paths.items()):
        points = zip(path.latitudes, path.longitudes, path.metres, strict=True) if path else ()
        for number, (latitude, longitude, metres) in enumerate(points, 1):
            yield f"{line}_{direction}", f"{latitude:.6f}", f"{longitude:.6f}", number, f"{metres:.1f}"


def _key(trip: dict[str, Any]) -> tuple[str, str]:
    return trip["linha"], trip["sentido"]


def _shape(trip: dict[str, Any]) -> str:
    return "_".join(_key(trip))


def _name(network: Network, line: str) -> str:
    return network.lines[line].nome if line in network.lines else ""


def _version(day: date) -> str:
    return f"brt-watch {__version__}, observado em {day}"


def _clock(seconds: int) -> str:
    """Return a time of day; after midnight a service day continues at 24:00:00."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _csv(columns: str, rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns.split(","))
    writer.writerows(rows)
    return text.getvalue().encode()
