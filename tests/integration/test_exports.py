"""A service day in the form of public standards, from the models' own tables."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest

from brt_watch.clock import UTC
from brt_watch.marts.rows import rows_of
from brt_watch.place import home
from brt_watch.reports.gtfs import write_gtfs
from brt_watch.reports.tides import TABLES, write_package
from brt_watch.resources import Resources

DAY = date(2026, 11, 24)
SCHEMAS = home().parent / "shared" / "data" / "tides"
TRIP = """insert into viagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, partida, chegada)
    values (%s, '901008', '2026-11-24', '22', 'ida', '2026-11-24 23:50-03', '2026-11-25 00:10-03')"""
PASSAGE = """insert into passagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, ordem, estacao_id, chegada,
    partida, parada_segundos) select %s, '901008', '2026-11-24', '22', 'ida', ordem, estacao_id, %s, %s, 10
    from linha_estacoes where linha = '22' and sentido = 'ida' and ordem = %s"""
SIGNAL = """insert into gps_brt (id_veiculo, timestamp_gps, servico, sentido, latitude, longitude, qualidade, direcao,
    velocidade_instantanea, hodometro, flag_em_movimento) values ('901008', %s, '22', 'ida', -23.0, -43.3, 'Good', 361,
    -1, 5.5, true)"""


@pytest.fixture
def with_a_day(resources: Resources) -> Resources:
    """A trip across midnight seen at three stations, the second impossible, and one seen at a single station."""
    with psycopg.connect(resources.store.url) as connection:
        for trip in ("t", "alone"):
            connection.execute(TRIP, (trip,))
        for trip, order, arrival, departure in (
            ("t", 1, "2026-11-24 23:50:00.4-03", "2026-11-24 23:51-03"),
            ("t", 2, "2026-11-24 23:50:30-03", "2026-11-24 23:50:40-03"),
            ("t", 3, "2026-11-25 00:01-03", "2026-11-25 00:01:10-03"),
            ("alone", 1, "2026-11-24 23:50-03", "2026-11-24 23:51-03"),
        ):
            connection.execute(PASSAGE, (trip, arrival, departure, order))
        for moment in ("2026-11-25 02:59:59-03", "2026-11-25 03:00-03"):
            connection.execute(SIGNAL, (moment,))
    return resources


@pytest.mark.with_network
def test_tides_is_a_package_that_frictionless_accepts(with_a_day: Resources, tmp_path: Path) -> None:
    read, now = rows_of(with_a_day.models), datetime(2026, 11, 26, tzinfo=UTC)
    rows = write_package(read, DAY, tmp_path, with_a_day.city, simulated=True, now=now)
    assert rows == {"vehicle_locations": 1, "trips_performed": 2, "stop_visits": 4, "vehicles": 1}
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert package["title"].startswith("SIMULATED DATA")
    if not SCHEMAS.is_dir():
        pytest.skip("the schemas of TIDES are not here")
    jsonschema.validate(package, json.loads((SCHEMAS / "tides-datapackage-profile.json").read_text()))
    del package["profile"]
    for resource in package["resources"]:
        schema = json.loads((SCHEMAS / f"{resource['name']}.schema.json").read_text())
        assert TABLES[resource["name"]].split() == [each["name"] for each in schema["fields"]]
        resource["schema"] = schema
    # It takes a second to import, which is for the one process alone that runs this test.
    import frictionless

    report = frictionless.Package.from_descriptor(package, basepath=str(tmp_path)).validate()
    assert report.valid, report.flatten(["message"])


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(archive.read(f"{name}.txt").decode())))


@pytest.mark.with_network
def test_gtfs_has_the_times_at_which_buses_came(with_a_day: Resources, tmp_path: Path) -> None:
    target = tmp_path / "gtfs.zip"
    written = write_gtfs(rows_of(with_a_day.models), DAY, target, with_a_day.city, simulated=True)
    assert (written.trips, written.stop_times) == (1, 2)
    # A trip seen at one station, and a passage before the one before, are left out and counted.
    assert (written.trips_left_out, written.stop_times_left_out) == (1, 1)
    with zipfile.ZipFile(target) as archive:
        times = table(archive, "stop_times")
        assert [each["arrival_time"] for each in times] == ["23:50:00", "24:01:00"]
        (trip,) = table(archive, "trips")
        assert {each["trip_id"] for each in times} == {trip["trip_id"]}
        assert {each["stop_id"] for each in times} == {each["stop_id"] for each in table(archive, "stops")}
        assert [each["route_id"] for each in table(archive, "routes")] == [trip["route_id"]] == ["22"]
        assert {each["shape_id"] for each in table(archive, "shapes")} == {trip["shape_id"]}
        (service,) = table(archive, "calendar_dates")
        assert (service["service_id"], service["date"]) == (trip["service_id"], "20261124")
        assert "DADOS SIMULADOS" in table(archive, "agency")[0]["agency_name"]
    again = tmp_path / "again.zip"
    write_gtfs(rows_of(with_a_day.models), DAY, again, with_a_day.city, simulated=True)
    assert again.read_bytes() == target.read_bytes()
