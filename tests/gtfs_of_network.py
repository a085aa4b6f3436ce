"""The project's own network as a static GTFS, for the published validator of the feeds."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from brt_watch.web.reference import Reference


def write_gtfs(path: Path, reference: Reference) -> Path:
    """Write a GTFS with a route a line, a trip and a shape a direction, and all stations."""
    network = reference.network
    paths = {key: way for key, way in network.paths.items() if len(way.stops) > 1}
    lines = sorted({linha for linha, _ in paths})
    tables: dict[str, Iterable[Iterable[object]]] = {
        "agency": [
            ("agency_id", "agency_name", "agency_url", "agency_timezone"),
            ("20001", "BRT", "https://mobilidade.rio/", "America/Sao_Paulo"),
        ],
        "routes": [
            ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
            *((reference.route_id(linha), "20001", linha, network.lines[linha].nome, 3) for linha in lines),
        ],
        "stops": [
            ("stop_id", "stop_name", "stop_lat", "stop_lon"),
            *((each.estacao_id, each.nome, each.latitude, each.longitude) for each in network.stations.values()),
        ],
        "calendar": [
            ("service_id", *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
             "start_date", "end_date"),
            ("D", *(1,) * 7, "20200101", "20991231"),
        ],
        "trips": [
            ("route_id", "service_id", "trip_id", "direction_id", "shape_id"),
            *(
                (reference.route_id(linha), "D", f"{linha}-{sentido}", int(sentido == "volta"), f"{linha}-{sentido}")
                for linha, sentido in paths
            ),
        ],
        "stop_times": [
            ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
            *(
                (f"{linha}-{sentido}", *(f"05:{number:02}:00",) * 2, stop.estacao_id, number)
                for (linha, sentido), way in paths.items()
                for number, stop in enumerate(way.stops)
            ),
        ],
        "frequencies": [
            ("trip_id", "start_time", "end_time", "headway_secs", "exact_times"),
            *((f"{linha}-{sentido}", "05:00:00", "23:00:00", 600, 0) for linha, sentido in paths),
        ],
        "shapes": [
            ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
            *(
                (f"{linha}-{sentido}", latitude, longitude, number)
                for (linha, sentido), way in paths.items()
                for number, (latitude, longitude) in enumerate(zip(way.latitudes, way.longitudes, strict=True))
            ),
        ],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables.items():
            text = io.StringIO(newline="")
            csv.writer(text).writerows(rows)
            archive.writestr(f"{name}.txt", text.getvalue())
    return path
