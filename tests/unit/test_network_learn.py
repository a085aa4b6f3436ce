"""Paths learned from signals lie where the buses drive, and a person decides whether to accept them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from brt_watch.capture.simulation import Simulation
from brt_watch.cli import app
from brt_watch.cli.line_signals import signals_in_files
from brt_watch.errors import NetworkError
from brt_watch.feeds import brt
from brt_watch.network import COLUMNS, OF_A_LINE, SEEDS, LinePath, read_network, seeds
from brt_watch.network.geometry import Plane, Point
from brt_watch.network.learning import LearnedPath, Seen, learn
from brt_watch.network.proposals import accepted, known_ends, parse_ends, propose
from brt_watch.simulate.world import World
from brt_watch.transform.compiled import project_vars
from tests.city_data import CITY_DATA
from tests.made_vehicles import body, vehicle
from tests.small_city import small_city

HISTORY = CITY_DATA / "captures" / "hist_2022"
NETWORK = read_network()
LINES = ("10", "22", "35", "51", "61")
"""The lines that are simulated."""
STATIONS = {name: (each.latitude, each.longitude) for name, each in NETWORK.stations.items()}
MOVING_KMH: float = project_vars()["velocidade_limiar_parado_kmh"]
START = datetime(2026, 11, 23, 8, 50, tzinfo=timezone.utc)
"""Ten to six in the morning in Rio, soon after the simulation began to drive its day."""

runner = CliRunner()


@pytest.fixture(scope="module")
def simulated() -> dict[str, list[Seen]]:
    """The signals of half an hour of the simulated BRT, one poll a minute, by line."""
    world = World(small_city(LINES), Simulation.beginning(START), START)
    seen = defaultdict(set)
    for minute in range(30):
        for record in brt.parse(world.body_at(START + timedelta(minutes=minute))).records:
            assert isinstance(record, brt.Record)
            at = (record.latitude, record.longitude)
            seen[record.linha].add(
                Seen(record.codigo, record.stamp_ms / 1000, record.sentido or "", *at, record.velocidade or 0)
            )
    return {str(linha): sorted(signals) for linha, signals in seen.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reference files, of the lines only 22."""
    (tmp_path / "seeds").mkdir()
    for name in COLUMNS:
        lines = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        if name in OF_A_LINE:
            lines = lines[:1] + [line for line in lines[1:] if line.startswith("22,")]
        (tmp_path / "seeds" / f"{name}.csv").write_text("".join(lines), encoding="utf-8")
    return tmp_path / "seeds"


def from_path(path: LearnedPath | LinePath, other: Sequence[Point]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the metres from points every 20 m or so of one path to another one."""
    points = path.points if isinstance(path, LearnedPath) else list(zip(path.latitudes, path.longitudes, strict=True))
    plane = Plane.of(points)
    line = shapely.linestrings(plane.metres(points))
    places = shapely.line_interpolate_point(line, np.arange(0, line.length, 20))
    return np.asarray(shapely.distance(places, shapely.linestrings(plane.metres(other))))


def check(learned: dict[str, LearnedPath], linha: str) -> None:
    assert learned.keys() == {"ida", "volta"}
    for sentido, path in learned.items():
        true = NETWORK.paths[linha, sentido]
        beside = from_path(path, list(zip(true.latitudes, true.longitudes, strict=True)))
        missed = from_path(true, path.points)
        assert np.median(beside) < 15, (linha, sentido)
        assert np.median(missed) < 15, (linha, sentido)
        assert np.quantile(beside, 0.9) < 50, (linha, sentido)


@pytest.mark.parametrize("linha", LINES)
def test_a_path_learned_from_the_simulator_is_the_true_one(simulated: dict[str, list[Seen]], linha: str) -> None:
    """At the median within 15 m of it, both ways; so far it is 2 m."""
    check(learn(simulated[linha], STATIONS, MOVING_KMH, known_ends(linha, SEEDS, NETWORK)), linha)


def test_stations_where_buses_stand_are_those_of_the_line(simulated: dict[str, list[Seen]]) -> None:
    learned = learn(simulated["51"], STATIONS, MOVING_KMH, known_ends("51", SEEDS, NETWORK))
    for sentido, path in learned.items():
        true = [stop.estacao_id for stop in NETWORK.paths["51", sentido].stops]
        served = [stop.estacao_id for stop in path.stops if stop.is_served]
        assert len(served) >= 5
        assert served == [name for name in true if name in served], "in their order, and no other"


@pytest.mark.skipif(not HISTORY.is_dir(), reason="the captures of 2022 are not beside the project")
@pytest.mark.parametrize("linha", ["35", pytest.param("13", marks=pytest.mark.deep)])
def test_a_path_learned_from_51_days_of_2022_is_the_true_one(linha: str) -> None:
    """Terminals too are learned, from where vehicles change their direction. A sixth of the vehicles is enough."""
    import pyarrow
    from pyarrow import compute, parquet

    columns = ["id_veiculo", "timestamp_gps", "direction", "latitude", "longitude", "velocidade"]
    table = parquet.read_table(HISTORY / f"{linha}.parquet", columns=columns)
    vehicles = [name for name in table["id_veiculo"].unique().to_pylist() if int(name[-3:], 36) % 6 == 0]
    rows = table.filter(compute.is_in(table["id_veiculo"], pyarrow.array(vehicles))).to_pylist()
    seen = [
        Seen(
            row["id_veiculo"],
            row["timestamp_gps"].timestamp(),
            {"I": "ida", "V": "volta"}.get(row["direction"], ""),
            row["latitude"],
            row["longitude"],
            row["velocidade"],
        )
        for row in rows
    ]
    check(learn(seen, STATIONS, MOVING_KMH), linha)


def test_signals_without_terminals_show_no_path(simulated: dict[str, list[Seen]], folder: Path) -> None:
    standing = [signal._replace(sentido="ida") for signal in simulated["22"]]
    assert learn(standing, STATIONS, MOVING_KMH) == {}
    assert learn([], STATIONS, MOVING_KMH) == {}
    with pytest.raises(NetworkError, match="these signals show no path"):
        propose("999", standing, folder, MOVING_KMH)


def test_an_accepted_proposal_is_a_version_of_the_line(simulated: dict[str, list[Seen]], folder: Path) -> None:
    before = read_network(folder)
    proposal = decided(propose("22", simulated["22"], folder, MOVING_KMH))
    assert proposal["valido_desde"] == "2026-11-23"
    difference = seeds.add(accepted(proposal, folder), folder, whole=False)
    assert difference.lines_changed == ["22"]
    after = read_network(folder)
    assert after.lines["22"].valido_desde == date(2026, 11, 23)
    assert after.lines["22"].headways == before.lines["22"].headways
    assert read_network(folder, date(2026, 11, 22)).paths == before.paths
    stops = [stop.estacao_id for stop in after.paths["22", "ida"].stops]
    assert stops[:1] + stops[-1:] == ["TOTAL", "TOJOC"]


def test_a_direction_without_a_proposed_path_keeps_its_own(simulated: dict[str, list[Seen]], folder: Path) -> None:
    proposal = decided(propose("22", simulated["22"], folder, MOVING_KMH))
    proposal["features"] = [each for each in proposal["features"] if each["properties"]["sentido"] == "ida"]
    before = read_network(folder).paths
    seeds.add(accepted(proposal, folder), folder, whole=False)
    after = read_network(folder).paths
    assert after["22", "volta"] == before["22", "volta"]
    assert after["22", "ida"] != before["22", "ida"]


def test_a_version_without_a_path_is_completed(simulated: dict[str, list[Seen]], folder: Path) -> None:
    for name in ("trajetos", "linha_trajetos", "linha_estacoes"):
        file = folder / f"{name}.csv"
        file.write_text(file.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    proposal = decided(propose("22", simulated["22"], folder, MOVING_KMH))
    seeds.add(accepted(proposal, folder), folder, whole=False)
    assert read_network(folder).lines["22"].valido_desde == date(2025, 10, 1)
    assert len(read_network(folder).paths) == 2


def test_a_station_that_nobody_decided_is_refused_by_name(simulated: dict[str, list[Seen]], folder: Path) -> None:
    proposal = decided(propose("22", simulated["22"], folder, MOVING_KMH))
    point = next(each for each in proposal["features"] if each["geometry"]["type"] == "Point")
    point["properties"]["para"] = None
    with pytest.raises(NetworkError, match=f"stops at {point['properties']['estacao_id']}"):
        accepted(proposal, folder)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"linha": "22"},
        {"linha": "22", "valido_desde": "yesterday", "fonte": "", "data_fonte": "", "features": []},
        {"linha": "22", "valido_desde": "2026-01-01", "fonte": "", "data_fonte": "", "features": [{}]},
    ],
)
def test_what_is_not_a_proposal_is_refused(folder: Path, broken: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match="it is not one"):
        accepted(broken, folder)


def test_terminals_are_stations_or_positions(folder: Path) -> None:
    assert parse_ends("TOTAL,-22.875/-43.46", folder) == (STATIONS["TOTAL"], (-22.875, -43.46))
    for wrong in ("TOTAL", "TOTAL,nowhere", "TOTAL,-22.8/x", "TOTAL,TOJOC,TOTAL"):
        with pytest.raises(NetworkError, match="--ends"):
            parse_ends(wrong, folder)


def test_learn_and_accept_are_two_commands(simulated: dict[str, list[Seen]], folder: Path, tmp_path: Path) -> None:
    recording = tmp_path / "some.jsonl"
    records = [
        vehicle(
            signal.vehicle,
            dataHora=round(1000 * signal.at),
            latitude=signal.latitude,
            longitude=signal.longitude,
            velocidade=signal.speed_kmh,
            sentido=signal.sentido,
            linha="22",
        )
        for signal in simulated["22"]
    ]
    answers = [json.dumps({"captured_at": START.isoformat(), "body": json.loads(body(each))}) for each in records]
    recording.write_text("\n".join(answers) + "\n", encoding="utf-8")
    assert signals_in_files([recording], "22") == simulated["22"]
    file = tmp_path / "22.geojson"
    words = ["network", "learn", "22", str(recording), "--from", str(folder), "--into", str(file)]
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "ida: " in result.output
    file.write_text(json.dumps(decided(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
    dry = runner.invoke(app, ["network", "accept", str(file), "--into", str(folder), "--dry-run", "--json"])
    assert json.loads(dry.output)["lines_changed"] == ["22"]
    assert read_network(folder).lines["22"].valido_desde == date(2025, 10, 1), "nothing was written"
    assert runner.invoke(app, ["network", "accept", str(file), "--into", str(folder)]).exit_code == 0
    assert read_network(folder).lines["22"].valido_desde == date(2026, 11, 23)


def decided(proposal: dict[str, Any]) -> dict[str, Any]:
    """Say of every station that the signals leave open that the line does not stop there."""
    for each in proposal["features"]:
        if each["geometry"]["type"] == "Point" and each["properties"]["para"] is None:
            each["properties"]["para"] = False
    return proposal
