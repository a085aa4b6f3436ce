"""A city that does not exist: ten lines in Boston's time zone, with its GTFS, and buses that GTFS-Realtime shows."""

from __future__ import annotations

import csv
import io
import math
import shutil
import zipfile
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.transform.city import make_city, statements_of
from tests import shared_run

ZONE = "America/New_York"
FALL_BACK = datetime(2026, 11, 1, 6, 0, tzinfo=timezone.utc)
"""Clocks go from 02:00 EDT back to 01:00 EST."""

LINES = 10
STOPS = 6
STOP_M = 1000.0
SPEED_MS = 10.0
DWELL_S = 20.0
REST_S = 300.0
DEGREE_M = 111_195.0801

RUN_S = STOP_M / SPEED_MS
TRIP_S = (STOPS - 1) * RUN_S + (STOPS - 2) * DWELL_S
HALF_S = TRIP_S + REST_S


class Bus(NamedTuple):
    """Where a bus is: metres from the first stop of its direction, and whether it drives."""

    vehicle_id: str
    line: int
    direction: int
    metres: float
    speed: float


def route_id(line: int) -> str:
    """Return the id of a line's route, by which vehicles name it."""
    return f"R{line:02}"


def name(line: int) -> str:
    """Return the name of a line: the short name of its route."""
    return f"{line + 1}"


def degrees(line: int, direction: int, metres: float) -> tuple[float, float]:
    """Return the position on a line: due east, and for the way back due west on the next street."""
    latitude = 42.30 + line * 0.01 + direction * 0.0005
    along = metres if direction == 0 else (STOPS - 1) * STOP_M - metres
    return latitude, -71.10 + along / (DEGREE_M * math.cos(math.radians(latitude)))


def place(seconds: float) -> tuple[float, float]:
    """Return a trip's position (metres) and speed (m/s) at a time after its start, in seconds."""
    for stop in range(STOPS - 1):
        if seconds <= RUN_S:
            return stop * STOP_M + seconds * SPEED_MS, SPEED_MS
        seconds -= RUN_S
        if seconds <= DWELL_S:
            return (stop + 1) * STOP_M, 0.0
        seconds -= DWELL_S
    return (STOPS - 1) * STOP_M, 0.0


def departures(line: int, direction: int, since: datetime, until: datetime) -> list[datetime]:
    """Return when the bus of a line leaves the first stop of a direction."""
    at = FALL_BACK - timedelta(hours=12) + timedelta(seconds=line * 60 + direction * HALF_S)
    found = []
    while at < until:
        if at >= since:
            found.append(at)
        at += timedelta(seconds=2 * HALF_S)
    return found


def bus(line: int, at: datetime) -> Bus:
    """Return where the only bus of a line is."""
    since = (at - FALL_BACK).total_seconds() + 12 * 3600 - line * 60
    turn = since % (2 * HALF_S)
    direction = int(turn >= HALF_S)
    return Bus(f"B{line}", line, direction, *place(turn - direction * HALF_S))


def arrival(line: int, direction: int, stop: int, at: datetime) -> datetime:
    """Return when the bus of a line that is on its way at a moment reaches a stop."""
    begin = departures(line, direction, at - timedelta(seconds=TRIP_S), at)[-1]
    return begin + timedelta(seconds=stop * RUN_S + max(0, stop - 1) * DWELL_S)


def message(at: datetime) -> bytes:
    """Return the vehicle positions of a moment."""
    found = pb.FeedMessage()
    found.header.gtfs_realtime_version = "2.0"
    found.header.timestamp = int(at.timestamp())
    for line in range(LINES):
        there = bus(line, at)
        told = found.entity.add(id=f"e{line}").vehicle
        told.vehicle.id, told.timestamp = there.vehicle_id, int(at.timestamp())
        told.trip.route_id, told.trip.direction_id = route_id(line), there.direction
        told.trip.trip_id = f"{route_id(line)}-{there.direction}"
        told.position.latitude, told.position.longitude = degrees(line, there.direction, there.metres)
        told.position.speed = there.speed
        told.position.bearing = 270 if there.direction else 90
    found.entity.add(id="a").alert.header_text.translation.add(text="Detour")
    return bytes(found.SerializeToString())


def write_gtfs(path: Path, since: str = "20260101") -> Path:
    """Write the plan: a bus of each line goes to and fro all day."""
    ways = [(line, direction) for line in range(LINES) for direction in (0, 1)]
    stops = [(line, direction, stop) for line, direction in ways for stop in range(STOPS)]

    def clock(seconds: float) -> str:
        return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"

    tables: dict[str, Iterable[Iterable[object]]] = {
        "agency": [
            ("agency_id", "agency_name", "agency_url", "agency_timezone"),
            ("A", "Made-up Transit", "https://example.org/", ZONE),
        ],
        "routes": [
            ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
            *((route_id(line), "A", line + 1, f"West End {line} - East End {line}", 3) for line in range(LINES)),
        ],
        "stops": [
            ("stop_id", "stop_name", "stop_lat", "stop_lon"),
            *(
                (f"S{line}-{direction}-{stop}", f"Stop {line}.{direction}.{stop}",
                 *degrees(line, direction, stop * STOP_M))
                for line, direction, stop in stops
            ),
        ],
        "calendar": [
            ("service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
             "start_date", "end_date"),
            ("D", *(1,) * 7, since, "20271231"),
        ],
        "trips": [
            ("route_id", "service_id", "trip_id", "direction_id", "shape_id"),
            *(
                (route_id(line), "D", f"{route_id(line)}-{way}", way, f"{route_id(line)}-{way}")
                for line, way in ways
            ),
        ],
        "stop_times": [
            ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
            *(
                (f"{route_id(line)}-{way}", *(clock(stop * (RUN_S + DWELL_S)),) * 2, f"S{line}-{way}-{stop}", stop)
                for line, way, stop in stops
            ),
        ],
        "frequencies": [
            ("trip_id", "start_time", "end_time", "headway_secs"),
            *((f"{route_id(line)}-{way}", "00:00:00", "29:00:00", int(2 * HALF_S)) for line, way in ways),
        ],
        "shapes": [
            ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
            *(
                (f"{route_id(line)}-{way}", *degrees(line, way, stop * STOP_M), stop)
                for line, way, stop in stops
            ),
        ],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables.items():
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            archive.writestr(f"{name}.txt", text.getvalue())
    return path


def lend_statements(data: Path) -> None:
    """Keep the city's models in a data folder as they were compiled once in a run: it takes dbt ten seconds."""
    kept = shared_run.once("made-up-city", _compile)
    shutil.copytree(kept / "dbt", data / "dbt", dirs_exist_ok=True)


def _compile(data: Path) -> None:
    make_city(data, write_gtfs(data / "city.zip"))
    statements_of(data)
