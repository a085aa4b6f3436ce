"""A GTFS becomes the reference files: what it chooses, what stays, and that nothing is left half-done."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from brt_watch.cli import app
from brt_watch.errors import NetworkError
from brt_watch.network import COLUMNS, OF_A_LINE, SEEDS, Headway, Network, read_network, read_seed, seeds
from brt_watch.network.geometry import TOLERANCE_M, apart_m, place, running_metres, simplify
from brt_watch.network.tables import tables_of
from tests.city_data import CITY_DATA

CITY = CITY_DATA / "network" / "gtfs_brt_2022_treated"
RIO = -23.0, -43.4
runner = CliRunner()

Files = dict[str, list[dict[str, Any]]]


def tiny_gtfs(stops: int = 4, metres: int = 500, headway: int = 600) -> Files:
    """Line 10 along a street that runs east, there and back; and an ordinary bus of another agency."""
    east = metres / 102_000

    def stop(i: int, side: str) -> dict[str, Any]:
        return {
            **{"stop_id": f"{i}{side}", "stop_code": "TOSTC" if i == 0 else "", "stop_name": f"Parada {i}"},
            **{"stop_lat": RIO[0] + (0.0001 if side == "N" else 0), "stop_lon": RIO[1] + i * east},
            "parent_station": f"P{i}" if i % 2 else "",
        }

    def way_of(shape: str, order: list[int], extra: float = 0.0) -> list[dict[str, Any]]:
        positions = [(RIO[0], RIO[1] + i * east / 2) for i in order]
        return [
            {"shape_id": shape, "shape_pt_lat": lat + extra, "shape_pt_lon": lon, "shape_pt_sequence": n}
            for n, (lat, lon) in enumerate(positions)
        ]

    def times(trip: str, names: list[str], begin: int = 0) -> list[dict[str, Any]]:
        return [
            {
                **{"trip_id": trip, "stop_id": name, "stop_sequence": n},
                **dict.fromkeys(("arrival_time", "departure_time"), f"{begin:02d}:{n:02d}:00"),
            }
            for n, name in enumerate(names)
        ]

    there, back = [f"{i}S" for i in range(stops)], [f"{i}N" for i in reversed(range(stops))]
    points = list(range(2 * stops - 1))
    trip = {"route_id": "B10", "service_id": "U", "direction_id": 0}
    return {
        "agency": [{"agency_id": "20001", "agency_name": "BRT"}, {"agency_id": "22002", "agency_name": "Bus"}],
        "routes": [
            {"route_id": "B10", "agency_id": "20001", "route_short_name": "10", "route_long_name": "A - B"},
            {"route_id": "O1", "agency_id": "22002", "route_short_name": "309", "route_long_name": "C - D"},
        ],
        "calendar": [
            {"service_id": "U", "wednesday": 1, "start_date": "20260101"},
            {"service_id": "D", "wednesday": 0, "start_date": "20260101"},
        ],
        "trips": [
            {**trip, "trip_id": "go", "shape_id": "S1"},
            {**trip, "trip_id": "detour", "shape_id": "S3"},
            {**trip, "trip_id": "back", "shape_id": "S2", "direction_id": 1},
            {**trip, "trip_id": "sunday", "shape_id": "S3", "service_id": "D"},
            {**trip, "trip_id": "bus", "route_id": "O1", "shape_id": "S9"},
        ],
        "stop_times": [
            *(*times("go", there), *times("back", back), *times("detour", there, begin=7), *times("sunday", there)),
        ],
        "frequencies": [
            {"trip_id": "go", "start_time": "05:00:00", "end_time": "09:00:00", "headway_secs": headway},
            {"trip_id": "go", "start_time": "20:00:00", "end_time": "25:30:00", "headway_secs": 2 * headway},
            {"trip_id": "back", "start_time": "05:00:00", "end_time": "09:00:00", "headway_secs": headway},
            {"trip_id": "sunday", "start_time": "00:00:00", "end_time": "24:00:00", "headway_secs": 60},
        ],
        "stops": [
            *(stop(i, side) for i in range(stops) for side in "SN"),
            {"stop_id": "P1", "stop_name": "Parada 1", "stop_lat": RIO[0], "stop_lon": RIO[1] + east},
        ],
        "shapes": [*way_of("S1", points), *way_of("S2", points[::-1]), *way_of("S3", points, 0.001)],
    }


def written(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def pack(files: Files, file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, rows in files.items():
            archive.writestr(f"{name}.txt", written(rows))
    return file


@pytest.fixture
def gtfs(tmp_path: Path) -> Path:
    return pack(tiny_gtfs(), tmp_path / "gtfs.zip")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reference files with three of the lines: reading them all takes a third of a second."""
    (tmp_path / "seeds").mkdir()
    for name in COLUMNS:
        lines = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        if name in OF_A_LINE:
            lines = lines[:1] + [line for line in lines[1:] if line.split(",")[0] in ("10", "22", "35")]
        (tmp_path / "seeds" / f"{name}.csv").write_text("".join(lines), encoding="utf-8")
    return tmp_path / "seeds"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def imported(source: Path, folder: Path) -> Network:
    with seeds.base_of(folder) as known:
        tables = tables_of(source, known)
    seeds.add(tables, folder)
    return read_network(folder, date.fromisoformat(tables["linhas"][0]["valido_desde"]))


def new_stations(network: Network) -> set[str]:
    return network.stations.keys() - {row.text("estacao_id") for row in read_seed(SEEDS, "estacoes")}


def test_a_gtfs_becomes_a_network_of_its_brt_lines_on_a_weekday(gtfs: Path, folder: Path) -> None:
    network = imported(gtfs, folder)
    assert list(network.lines) == ["10"], "not the bus of the other agency"
    line = network.lines["10"]
    assert (line.nome, line.servico, line.viagem_s) == ("A - B", "expresso", 180.0), "a GTFS does not tell the service"
    assert line.headways == (
        Headway(5 * 3600, 7 * 3600, 600),
        # The bus of the timetable at 7:00 runs beside those of the headway: 1 + 6 in an hour.
        Headway(7 * 3600, 8 * 3600, 514),
        Headway(8 * 3600, 9 * 3600, 600),
        Headway(20 * 3600, 25 * 3600 + 1800, 1200),
    )
    assert (line.inicio_s, line.fim_s) == (5 * 3600, 25 * 3600 + 1800)


def test_most_used_shape_becomes_the_path(gtfs: Path, folder: Path) -> None:
    network = imported(gtfs, folder)
    assert list(network.paths) == [("10", "ida"), ("10", "volta")]
    assert set(network.paths["10", "ida"].latitudes) == {RIO[0]}, "neither the detour nor the shape of Sundays"
    assert len(network.paths["10", "ida"].metres) == 2, "points on a straight street are left out"
    assert [stop.distancia_m for stop in network.paths["10", "ida"].stops] == pytest.approx([0, 502, 1004, 1505], abs=5)


def test_platforms_become_one_station_with_its_known_id(gtfs: Path, folder: Path) -> None:
    network = imported(gtfs, folder)
    assert new_stations(network) == {"2N", "P1", "P3"}
    names = [stop.estacao_id for stop in network.paths["10", "ida"].stops]
    assert names == ["TOSTC", "P1", "2N", "P3"]
    assert [stop.estacao_id for stop in network.paths["10", "volta"].stops] == names[::-1]


def test_station_is_matched_by_name_within_100_metres(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    alvorada = read_network(folder).stations["TOTAL"]
    for stop in files["stops"]:
        stop["stop_name"] = "Alvorada" if stop["stop_id"][0] == "2" else "ALVORADA"
        stop["stop_code"] = ""
        if stop["stop_id"][0] == "2":
            stop |= {"stop_lat": alvorada.latitude + 0.0005, "stop_lon": alvorada.longitude}
    shapes = [("S1", 0), ("S2", 9)]
    files["shapes"] += [
        {
            **{"shape_id": shape, "shape_pt_sequence": 99, "shape_pt_lat": alvorada.latitude},
            "shape_pt_lon": alvorada.longitude,
        }
        for shape, _ in shapes
    ]
    for trip in ("go", "back"):
        order = [stop for stop in files["stop_times"] if stop["trip_id"] == trip]
        files["stop_times"] = [stop for stop in files["stop_times"] if stop["trip_id"] != trip]
        files["stop_times"] += [
            {**stop, "stop_sequence": n}
            for n, stop in enumerate(sorted(order, key=lambda stop: str(stop["stop_id"]).startswith("2")))
        ]
    network = imported(pack(files, tmp_path / "moved.zip"), folder)
    assert network.stations["TOTAL"].nome == "Terminal Alvorada", "our spelling stays"
    assert network.stations["TOTAL"].latitude == pytest.approx(alvorada.latitude + 0.0005), "the place is the new one"
    assert new_stations(network) == {"0N", "P1", "P3"}


def test_what_a_gtfs_does_not_know_stays(gtfs: Path, folder: Path) -> None:
    before = contents(folder)
    imported(gtfs, folder)
    after = contents(folder)
    for name in ("garagens.csv", "garagem_poligonos.csv", "trajeto_nomes.csv"):
        assert after[name] == before[name]


def test_a_new_folder_gets_the_network_of_the_gtfs_alone(gtfs: Path, tmp_path: Path) -> None:
    network = imported(gtfs, tmp_path / "new" / "seeds")
    assert list(network.lines) == ["10"]
    assert network.garages == (), "those of Rio are none of another city"
    assert {file.stem for file in (tmp_path / "new" / "seeds").iterdir()} == set(COLUMNS)


def test_every_imported_line_and_path_has_its_source_and_date(gtfs: Path, folder: Path) -> None:
    imported(gtfs, folder)
    for name in ("linhas", "trajetos"):
        new = [row for row in read_seed(folder, name) if row.text("valido_desde") == "2026-01-01"]
        assert new
        assert {(row.text("fonte"), row.text("data_fonte")) for row in new} == {("GTFS gtfs", "2026-01-01")}


def test_an_import_adds_a_version_and_keeps_the_one_before(gtfs: Path, folder: Path) -> None:
    before = read_network(folder)
    after = imported(gtfs, folder)
    assert after.lines["10"].valido_desde == date(2026, 1, 1)
    assert read_network(folder, date(2025, 12, 31)).paths == before.paths
    assert read_network(folder) == after


def test_a_line_that_does_not_differ_keeps_its_version(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    imported(pack(files, tmp_path / "first.zip"), folder)
    for row in files["calendar"]:
        row["start_date"] = "20260301"
    for point in files["shapes"]:
        point["shape_pt_lat"] += 0.00005
    assert imported(pack(files, tmp_path / "same.zip"), folder).lines["10"].valido_desde == date(2026, 1, 1)
    files["frequencies"][0]["headway_secs"] += 60
    assert imported(pack(files, tmp_path / "other.zip"), folder).lines["10"].valido_desde == date(2026, 3, 1)


def test_a_line_that_a_newer_gtfs_lacks_ends_the_day_before(gtfs: Path, folder: Path) -> None:
    assert list(imported(gtfs, folder).lines) == ["10"]
    ended = read_network(folder, date(2025, 12, 31)).lines
    assert ended["22"].valido_ate == ended["35"].valido_ate == date(2025, 12, 31)


def test_a_line_that_only_an_older_gtfs_has_ends_before_the_newer(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    for row in files["calendar"]:
        row["start_date"] = "20220716"
    files["routes"][0]["route_short_name"] = "99"
    assert "22" in imported(pack(files, tmp_path / "old.zip"), folder).lines, "a later plan says more than none"
    assert "99" not in read_network(folder).lines
    assert read_network(folder, date(2025, 9, 30)).lines["99"].valido_ate == date(2025, 9, 30)


def test_headways_come_from_the_timetable_without_frequencies(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    files["frequencies"] = []
    hours = [(f"go{n}", 6 + n // 4) for n in range(8)]
    files["trips"] += [{**files["trips"][0], "trip_id": name} for name, _ in hours]
    first = [stop for stop in files["stop_times"] if stop["trip_id"] == "go"]
    files["stop_times"] += [
        {**stop, "trip_id": name, "arrival_time": f"{hour}:10:00", "departure_time": f"{hour}:10:00"}
        for name, hour in hours
        for stop in first
    ]
    del files["frequencies"]
    headways = imported(pack(files, tmp_path / "timed.zip"), folder).lines["10"].headways
    assert Headway(6 * 3600, 7 * 3600, 900) in headways, "four in an hour"


def test_the_busiest_of_several_weekday_services_counts(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    files["calendar"].append({"service_id": "A holiday", "wednesday": 1, "start_date": "20260101"})
    files["trips"].append({**files["trips"][0], "trip_id": "holiday", "service_id": "A holiday"})
    files["stop_times"] += [{**row, "trip_id": "holiday"} for row in files["stop_times"] if row["trip_id"] == "go"]
    headways = imported(pack(files, tmp_path / "gtfs.zip"), folder).lines["10"].headways
    assert headways[0] == Headway(5 * 3600, 7 * 3600, 600)


def test_intervals_with_one_headway_that_touch_are_one(tmp_path: Path, folder: Path) -> None:
    files = tiny_gtfs()
    begin = {"trip_id": "go", "start_time": "04:00:00", "end_time": "05:00:00", "headway_secs": 600}
    files["frequencies"].append(begin)
    headways = imported(pack(files, tmp_path / "gtfs.zip"), folder).lines["10"].headways
    assert headways[0] == Headway(4 * 3600, 7 * 3600, 600)


def test_a_damaged_zip_is_reported(gtfs: Path, folder: Path) -> None:
    content = bytearray(gtfs.read_bytes())
    with zipfile.ZipFile(gtfs) as archive:
        start = archive.getinfo("stops.txt").header_offset
    content[start + 60] ^= 0xFF
    gtfs.write_bytes(content)
    with pytest.raises(NetworkError, match=r"stops\.txt.*CRC"):
        imported(gtfs, folder)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.integers(2, 7), metres=st.integers(120, 3000), headway=st.integers(30, 3600))
def test_importing_twice_equals_importing_once(
    tmp_path_factory: pytest.TempPathFactory, stops: int, metres: int, headway: int
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    source = pack(tiny_gtfs(stops, metres, headway), folder / "gtfs.zip")
    imported(source, folder / "seeds")
    once = contents(folder / "seeds")
    again = seeds.add(tables_of(source, folder / "seeds"), folder / "seeds")
    assert contents(folder / "seeds") == once
    assert not any(again.__dict__.values())


def test_a_folder_of_csv_and_a_zip_of_txt_give_the_same(gtfs: Path, tmp_path: Path, folder: Path) -> None:
    plain = tmp_path / "gtfs"
    plain.mkdir()
    for name, rows in tiny_gtfs().items():
        (plain / f"{name}.csv").write_text("\ufeff" + written(rows), encoding="utf-8")
    assert tables_of(plain, folder) == tables_of(gtfs, folder)


@pytest.mark.parametrize(
    ("file", "row", "column", "value", "problem"),
    [
        ("stops", 0, "stop_lat", "north", "stops.txt, line 2, column stop_lat: 'north' is not a number"),
        ("trips", 0, "direction_id", "", "trips.txt, line 2, column direction_id: it is empty"),
        ("trips", 0, "direction_id", 2, "trips.txt, line 2, column direction_id: '2' is not one of 0, 1"),
        ("trips", 0, "shape_id", "S7", "shape S7 of trips has fewer than two points"),
        ("stop_times", 1, "stop_id", "nowhere", "stop nowhere of stop_times is not there"),
        ("stop_times", 1, "stop_sequence", "x", "stop_times.txt, line 3, column stop_sequence"),
        ("frequencies", 0, "headway_secs", 0, "frequencies.txt, line 2, column headway_secs: '0' is not"),
        ("frequencies", 0, "end_time", "04:00:00", "frequencies.txt, line 2, column end_time: it must be later"),
        ("calendar", 0, "wednesday", 0, "calendar: no line runs on a Wednesday"),
        ("routes", 0, "agency_id", "1", "no route has the agency 20001; the agencies there"),
        ("routes", 0, "route_short_name", "", "routes.txt, line 2, column route_short_name: it is empty"),
        ("stops", 4, "stop_lat", -22.5, "a stop lies more than 500 m from the shape"),
    ],
)
def test_a_mistake_in_a_gtfs_is_reported_and_nothing_is_written(
    tmp_path: Path, folder: Path, file: str, row: int, column: str, value: object, problem: str
) -> None:
    files = tiny_gtfs()
    files[file][row][column] = value
    if file == "calendar":
        files["trips"] = [trip for trip in files["trips"] if trip["service_id"] == "U"]
    before = contents(folder)
    with pytest.raises(NetworkError) as error:
        imported(pack(files, tmp_path / "broken.zip"), folder)
    assert problem in str(error.value)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["routes", "trips", "stop_times", "stops", "shapes"])
def test_missing_file_or_column_is_named(tmp_path: Path, folder: Path, name: str) -> None:
    files = tiny_gtfs()
    rows = files.pop(name)
    with pytest.raises(NetworkError, match=rf"{name}\.txt: the file is not there"):
        imported(pack(files, tmp_path / "without.zip"), folder)
    column = next(iter(rows[0]))
    files[name] = [{key: value for key, value in row.items() if key != column} for row in rows]
    with pytest.raises(NetworkError, match=rf"{name}\.txt, line 1, column {column}: the column is not there"):
        imported(pack(files, tmp_path / "without.zip"), folder)


def test_tables_that_are_no_whole_network_are_never_written(gtfs: Path, folder: Path) -> None:
    tables = tables_of(gtfs, folder)
    before = contents(folder)
    tables["linha_estacoes"][0]["estacao_id"] = "nowhere"
    with pytest.raises(NetworkError, match=r"linha_estacoes\.csv"):
        seeds.add(tables, folder)
    assert contents(folder) == before


def test_a_dry_run_shows_the_changes_and_writes_nothing(gtfs: Path, folder: Path) -> None:
    before = contents(folder)
    words = ["network", "import", str(gtfs), "--into", str(folder)]
    dry = runner.invoke(app, [*words, "--dry-run"])
    assert dry.exit_code == 0
    assert "lines removed: 2" in dry.output
    assert "nothing was written" in dry.output
    assert contents(folder) == before
    told = json.loads(runner.invoke(app, [*words, "--json"]).output)
    assert told["stations_added"] == ["2N", "P1", "P3"]
    assert told["stations_moved"]["TOSTC"] > 1000
    assert contents(folder) != before


def test_the_routes_can_be_chosen_by_name(gtfs: Path, folder: Path) -> None:
    words = ["network", "import", str(gtfs), "--into", str(folder), "--routes"]
    assert runner.invoke(app, [*words, "10"]).exit_code == 0
    assert list(read_network(folder).lines) == ["10", "22", "35"], "the others are not ended"
    failed = runner.invoke(app, [*words, "10,999"])
    assert isinstance(failed.exception, NetworkError)
    assert "no route is called 999" in str(failed.exception)


def test_show_prints_the_lines_with_counts() -> None:
    result = json.loads(runner.invoke(app, ["network", "show", "--json"]).output)
    assert result["counts"]["lines"] == len(result["lines"]) == len(read_network().lines)
    assert "66 paths" in runner.invoke(app, ["network", "show"]).output


def test_paths_lie_as_far_apart_as_their_farthest_points() -> None:
    straight = [(-23.0, -43.4), (-23.0, -43.38)]
    bent = [(-23.0, -43.4), (-23.0009, -43.39), (-23.0, -43.38)]
    assert apart_m(straight, bent) == pytest.approx(100, abs=1)
    assert apart_m(straight, straight[::-1]) == 0


def test_stops_keep_their_order_where_a_path_returns() -> None:
    # Out along a street and back on its other side: the last stop lies nearest to the way out.
    points = [(0.0, 0.0), (0.0, 0.01), (0.00005, 0.01), (0.00005, 0.0)]
    metres = running_metres(points)
    along, beside = place([(0.0, 0.002), (0.0, 0.009), (0.0, 0.002)], points, metres)
    assert along == pytest.approx([222.4, 1000.8, 2007.1], abs=1)
    assert beside == pytest.approx(5.6, abs=0.1)


def test_simplified_path_stays_within_two_metres() -> None:
    points = [(-23 + 0.00001 * (i * i % 7), -43 + 0.0001 * i) for i in range(200)]
    kept = simplify(points)
    assert len(kept) < len(points)
    _, beside = place(points, kept, running_metres(kept))
    assert beside <= TOLERANCE_M + 0.01


@pytest.mark.skipif(not CITY.is_dir(), reason="the GTFS of the BRT of 2022 is not beside the project")
def test_the_gtfs_of_2022_becomes_a_network(tmp_path: Path) -> None:
    network = imported(CITY, tmp_path)
    assert len(network.lines) == 24
    assert len(network.paths) == 48, "one path for each line and direction"
    with (CITY / "trips.csv").open(encoding="utf-8-sig", newline="") as trips:
        for trip in csv.DictReader(trips):
            assert ("ID" in trip["trip_id"]) == (trip["direction_id"] == "0"), "the city's names say I for ida"
    ten = network.paths["10", "ida"]
    # The stops have metres of their own in this GTFS (shape_dist_traveled). We do not read them: ours agree with them.
    assert [stop.distancia_m for stop in ten.stops] == pytest.approx(
        [0, 1096, 1740, 2308, 3241, 3751, 5683, 7360, 10080, 14156, 25941, 28959, 30681, 39053], abs=60
    )
