"""The TIDES tables of published days: there once the models have run, and as the specification describes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from brt_watch import pipeline
from brt_watch.archive.lake_marts import SCHEMA
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.publish import Publisher
from brt_watch.place import home
from brt_watch.reports.published_tides import PublishedTides
from brt_watch.reports.tides import TABLES
from brt_watch.resources import Resources
from tests.made_vehicles import NOON

SCHEMAS = home().parent / "shared" / "data" / "tides"

DAY = "2026-11-23"

TRIP = f"date '{DAY}' as dia_operacao, 'v1' as id_viagem, '901008' as id_veiculo, '22' as linha, 'ida' as sentido"
TIMES = f"timestamptz '{DAY} 12:00:00Z' as partida, timestamptz '{DAY} 12:30:00Z' as chegada"

DERIVED = {
    "gps_brt": f"'901008' as id_veiculo, timestamptz '{DAY} 12:00:00Z' as timestamp_gps, {{run}} as derived_by",
    "viagens": f"{TRIP}, {TIMES}, {{run}} as derived_by",
    "passagens": f"{TRIP}, {TIMES}, 1 as ordem, 'A' as estacao_id, {{run}} as derived_by",
}

VIEWS = {
    "tides_vehicle_locations": (
        "id_veiculo || '-1' as location_ping_id, date '2026-11-23' as service_date, timestamp_gps as event_timestamp, "
        "id_veiculo as vehicle_id, '22 ida' as pattern_id, null as stop_id, 'In transit to' as current_status, "
        "-22.97 as latitude, -43.39 as longitude, 'Good' as gps_quality, 90 as heading, 3.5 as speed, 10 as odometer "
        "from {}.gps_brt"
    ),
    "tides_trips_performed": (
        "dia_operacao as service_date, id_viagem as trip_id_performed, id_veiculo as vehicle_id, linha as route_id, "
        "'Bus' as route_type, 'Bus Rapid Transit' as ntd_mode, '22 ida' as pattern_id, 0 as direction_id, "
        "'A' as trip_start_stop_id, 'B' as trip_end_stop_id, partida as actual_trip_start, "
        "chegada as actual_trip_end, 'In service' as trip_type, 'Unscheduled' as schedule_relationship from {}.viagens"
    ),
    "tides_stop_visits": (
        "dia_operacao as service_date, id_viagem as trip_id_performed, 1 as trip_stop_sequence, "
        "ordem as scheduled_stop_sequence, '22 ida' as pattern_id, id_veiculo as vehicle_id, 0 as dwell, "
        "estacao_id as stop_id, partida as actual_arrival_time, partida as actual_departure_time, "
        "'Added' as schedule_relationship from {}.passagens"
    ),
}


def capture(resources: Resources, minutes: int) -> None:
    first = NOON + timedelta(minutes=minutes)
    resources.clock.sleep_until(first)
    for minute in range(11):
        pipeline.capture(first + timedelta(minutes=minute), resources)
    resources.clock.sleep_until(first + timedelta(minutes=30))
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)


def derive(resources: Resources, run: int) -> None:
    """Publish on the lake what a transform would: a trip with one passage."""
    models = LakeModels(resources.lake)
    models.begin_transform(models.newest_load())
    with duckdb.connect(str(models.file)) as tables:
        tables.execute("set TimeZone = 'UTC'")
        for name, columns in DERIVED.items():
            tables.execute(f"create or replace table {SCHEMA}.{name} as select {columns.format(run=run)}")
        for name, query in VIEWS.items():
            tables.execute(f"create or replace view {SCHEMA}.{name} as select {query.format(SCHEMA)}")
    models.finish_transform(run, 1.0, "network")


# frictionless leaves files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_days_have_tides_once_their_models_have_run(make_resources: Callable[..., Resources], tmp_path: Path) -> None:
    site, resources = tmp_path / "site", make_resources(database_url="none")

    def publish() -> dict[str, str]:
        lake, city = resources.lake, resources.city
        publisher = Publisher(lake, site, "network", city, simulated=False, further=PublishedTides(lake, city))
        return {day: reason for day, reason in publisher.publish(NOON + timedelta(days=2)) if reason}

    def tides() -> list[str]:
        (entry,) = json.loads((site / "manifest.json").read_text())["days"]
        return [file["tides-table"] for file in entry["files"] if "tides-table" in file]

    capture(resources, 0)
    assert publish() == {DAY: "new"}
    assert tides() == []
    derive(resources, 1)
    assert publish() == {DAY: "its trips changed"}
    assert publish() == {}
    assert tides() == list(TABLES)
    folder = site / "dias" / DAY / "tides"
    rows = {
        table: gzip.decompress((folder / f"{table}.csv.gz").read_bytes()).decode().split("\r\n") for table in TABLES
    }
    assert {table: len(lines) - 2 for table, lines in rows.items()} == dict.fromkeys(TABLES, 1)
    assert "v1" in rows["trips_performed"][1]
    assert "tides/trips_performed.csv.gz" in (site / "index.html").read_text()
    accepted_by_frictionless(site)
    # A late window: until the next transform the trips are those of other signals.
    capture(resources, 60)
    assert publish() == {DAY: "its signals changed"}
    assert tides() == []
    assert not folder.exists()
    derive(resources, 2)
    assert publish() == {DAY: "its trips changed"}


def accepted_by_frictionless(site: Path) -> None:
    if not SCHEMAS.is_dir():
        return
    # It takes a second to import, which is for the one process alone that runs this test.
    import frictionless

    package = json.loads((site / "datapackage.json").read_text())
    for resource in package["resources"]:
        if table := resource.get("tides-table"):
            resource["schema"] = json.loads((SCHEMAS / f"{table}.schema.json").read_text())
    report = frictionless.Package.from_descriptor(package, basepath=str(site)).validate()
    assert report.valid, report.flatten(["name", "message"])
