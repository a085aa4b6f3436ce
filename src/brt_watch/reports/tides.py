"""A service day as a data package of TIDES 1.0 (tides-transit.org), for tools that read data packages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, Any

from brt_watch import __version__, disk
from brt_watch.clock import begin_of_day, write_moment
from brt_watch.marts.rows import Read
from brt_watch.network.city import City

SPEC = "https://raw.githubusercontent.com/TIDES-transit/TIDES/main/spec"

TABLES = {
    "vehicle_locations": (
        "location_ping_id service_date event_timestamp trip_id_performed trip_id_scheduled trip_stop_sequence "
        "scheduled_stop_sequence vehicle_id device_id pattern_id stop_id current_status latitude longitude gps_quality "
        "heading speed odometer schedule_deviation headway_deviation trip_type schedule_relationship"
    ),
    "trips_performed": (
        "service_date trip_id_performed vehicle_id trip_id_scheduled route_id route_type ntd_mode route_type_agency "
        "shape_id pattern_id direction_id operator_id block_id trip_start_stop_id trip_end_stop_id schedule_trip_start "
        "schedule_trip_end actual_trip_start actual_trip_end trip_type schedule_relationship"
    ),
    "stop_visits": (
        "service_date trip_id_performed trip_stop_sequence scheduled_stop_sequence pattern_id vehicle_id dwell stop_id "
        "timepoint schedule_arrival_time schedule_departure_time actual_arrival_time actual_departure_time distance "
        "boarding_1 alighting_1 boarding_2 alighting_2 departure_load door_open door_close door_status "
        "ramp_deployed_time ramp_failure kneel_deployed_time lift_deployed_time bike_rack_deployed bike_load revenue "
        "number_of_transactions schedule_relationship"
    ),
    "vehicles": (
        "vehicle_id vehicle_start vehicle_end model_name facility_name capacity_seated capacity_wheelchair "
        "capacity_bike bike_rack capacity_standing"
    ),
}
"""All columns of each table, in the order of the specification; columns that the feed lacks are empty."""

GIVEN = {
    "vehicle_locations": (
        "location_ping_id service_date event_timestamp vehicle_id pattern_id stop_id current_status latitude longitude "
        "gps_quality heading speed odometer"
    ),
    "trips_performed": (
        "service_date trip_id_performed vehicle_id route_id route_type ntd_mode pattern_id direction_id "
        "trip_start_stop_id trip_end_stop_id actual_trip_start actual_trip_end trip_type schedule_relationship"
    ),
    "stop_visits": (
        "service_date trip_id_performed trip_stop_sequence scheduled_stop_sequence pattern_id vehicle_id dwell stop_id "
        "actual_arrival_time actual_departure_time schedule_relationship"
    ),
    "vehicles": "vehicle_id",
}
"""The columns that the models `tides_*` give."""

_DAY = "service_date = %(dia)s"
_OF_THE_DAY = {
    "vehicle_locations": ("tides_vehicle_locations", "event_timestamp >= %(de)s and event_timestamp < %(ate)s", "1"),
    "trips_performed": ("tides_trips_performed", _DAY, "actual_trip_start, trip_id_performed"),
    "stop_visits": ("tides_stop_visits", _DAY, "trip_id_performed, trip_stop_sequence"),
    # Those that were seen on the day; a vehicle that left the fleet since is one of them.
    "vehicles": (
        "(select distinct vehicle_id from tides_vehicle_locations "
        "where event_timestamp >= %(de)s and event_timestamp < %(ate)s) as vistos",
        "true",
        "1",
    ),
}


@dataclass(frozen=True)
class TableOfDay:
    """The rows of a TIDES table on a service day."""

    table: str
    day: date
    zone: tzinfo

    @property
    def names(self) -> list[str]:
        """The names of the columns that are given."""
        return GIVEN[self.table].split()

    def for_postgres(self) -> tuple[str, dict[str, object]]:
        """Return the statement and its values, with psycopg's placeholders."""
        source, condition, order = _OF_THE_DAY[self.table]
        begin, end = (begin_of_day(self.day + timedelta(days=days), self.zone) for days in (0, 1))
        values = {"dia": self.day, "de": begin, "ate": end}
        query = f"select {', '.join(self.names)}\nfrom {source}\nwhere {condition} order by {order}"
        return query, {name: value for name, value in values.items() if f"%({name})s" in query}


def write_package(read: Read, day: date, folder: Path, city: City, simulated: bool, now: datetime) -> dict[str, int]:
    """Write the tables of a service day and `datapackage.json` into a folder; returns the rows of each table."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for table in TABLES:
        with disk.writing_durably(folder / f"{table}.csv") as file:
            rows[table] = write_table(read, TableOfDay(table, day, city.zone), file)
    package = json.dumps(_package(day, city, simulated, now), indent=1, ensure_ascii=False)
    disk.write_durably(folder / "datapackage.json", package.encode())
    return rows


def write_table(read: Read, table: TableOfDay, file: IO[bytes]) -> int:
    """Write a table as CSV; returns its rows."""
    rows = 0
    for count, text in _csv(read, table, TABLES[table.table].split()):
        rows += count
        file.write(text)
    return rows


def described(table: str) -> dict[str, str]:
    """Return what a data package says of a table."""
    return {
        "profile": "tabular-data-resource",
        "tides-table": table,
        "schema": f"{SPEC}/{table}.schema.json",
    }


def _csv(read: Read, table: TableOfDay, columns: list[str]) -> Iterator[tuple[int, bytes]]:
    given = {name: place for place, name in enumerate(table.names)}
    places = [given.get(name) for name in columns]
    yield 0, _lines([columns])
    for batch in read(table):
        yield len(batch), _lines([[None if place is None else _cell(row[place]) for place in places] for row in batch])


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return write_moment(value) if isinstance(value, datetime) else value


def _package(day: date, city: City, simulated: bool, now: datetime) -> dict[str, Any]:
    what = "Simulated signals" if simulated else f"Positions of the buses of {city.name}"
    return {
        "profile": f"{SPEC}/tides-datapackage-profile.json",
        "name": f"{city.slug}-{'simulado-' if simulated else ''}{day}",
        "title": f"{'SIMULATED DATA: ' if simulated else ''}{city.name}, {day}",
        "description": f"{what} on a service day (03:00 to 03:00, {city.zone.key}), and the trips and station visits "
        f"found in them by brt-watch {__version__}. The feed names no trips: none is scheduled.",
        "agency": city.agency.name,
        "created": write_moment(now),
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "sources": [{"title": city.source, "path": city.address}],
        "resources": [
            {
                **described(table),
                "name": table,
                "path": f"{table}.csv",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
            }
            for table in TABLES
        ],
    }
