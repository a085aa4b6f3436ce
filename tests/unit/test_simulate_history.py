"""Hours of a simulation in the data folder, through the code of the real capture, and kept apart from real data."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from brt_watch import pipeline
from brt_watch.capture.fetch import Client, Response
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.simulation import Simulation, simulate_into, simulation_of
from brt_watch.capture.window import CSV, read_ledger
from brt_watch.clock import Clock, parse_moment
from brt_watch.errors import MixedData
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.simulate.history import history
from brt_watch.simulate.truth import FILES
from tests.conftest import make_settings
from tests.made_vehicles import body, vehicle
from tests.small_city import small_city

NETWORK = small_city()
START = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)
"""Five in the morning in Rio: some dozen buses drive, and the simulation is cheap."""


def simulate(settings: Settings, minutes: float, begun_minutes: float = 0) -> list[datetime]:
    start = START + timedelta(minutes=begun_minutes)
    simulation = simulate_into(settings, Simulation.beginning(START))
    return list(history(settings, NETWORK, simulation, start, start + timedelta(minutes=minutes)))


def files(settings: Settings) -> CaptureFiles:
    return CaptureFiles(settings.folder, str(settings.feed_url))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def captured(settings: Settings) -> list[dict[str, str]]:
    return [row for folder in files(settings).newest_first() for row in rows(folder / CSV)]


def truth(settings: Settings, name: str) -> list[dict[str, str]]:
    return [row for path in sorted(settings.folder.glob(f"truth/*/{name}.csv")) for row in rows(path)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with a quarter of an hour."""
    settings = make_settings(tmp_path_factory.mktemp("simulated"))
    simulate(settings, 15)
    return settings


def test_history_is_windows_with_every_tick_and_every_vehicle(settings: Settings) -> None:
    (closed,) = files(settings).closed_windows()
    assert closed.name == "20261123T080000Z"
    polls = [line.poll for folder in reversed(list(files(settings).newest_first())) for line in read_ledger(folder)]
    assert [poll.tick for poll in polls] == [START + tick * timedelta(seconds=20) for tick in range(45)]
    assert {(poll.status.value, poll.records, poll.rejects) for poll in polls} == {("ok", 748, 0)}


def test_history_begun_again_goes_on_where_it_was(settings: Settings, tmp_path: Path) -> None:
    in_two = make_settings(tmp_path)
    assert len(simulate(in_two, 1)) == 3
    assert len(simulate(in_two, 3)) == 6
    assert simulate(in_two, 3) == []
    until = START + timedelta(minutes=3)
    at_once = [row for row in captured(settings) if parse_moment(row["captured_at"]) < until]
    assert len(at_once) == 9 * 748
    assert captured(in_two) == at_once


def test_truth_contains_every_captured_signal_and_more(settings: Settings) -> None:
    seen = {(row["codigo"], int(row["dataHora"]) // 1000) for row in captured(settings)}
    sent = {(row["codigo"], int(parse_moment(row["datahora"]).timestamp())) for row in truth(settings, "sinais")}
    assert seen <= sent
    assert 0 < len(sent - seen) < len(sent) / 10


def test_three_polls_a_minute_see_twice_as_many_signals_as_one(settings: Settings, tmp_path: Path) -> None:
    once = make_settings(tmp_path, poll_seconds=60)
    simulate(once, 15)

    def moving(settings: Settings) -> set[tuple[str, str]]:
        return {(row["codigo"], row["dataHora"]) for row in captured(settings) if float(row["velocidade"]) > 0}

    assert len(moving(once)) * 1.8 < len(moving(settings)) < len(moving(once)) * 3.2


def test_the_truth_of_a_trip_has_its_passages_and_its_signals(settings: Settings) -> None:
    trips = {row["viagem"]: row for row in truth(settings, "viagens")}
    passages = truth(settings, "passagens")
    assert len(trips) > 20
    assert {row["viagem"] for row in passages} == set(trips)
    for trip in list(trips.values())[:50]:
        own = [row for row in passages if row["viagem"] == trip["viagem"]]
        assert own[0]["partida"] == trip["partida"]
        if trip["motivo_fim"] != "avaria":
            assert own[-1]["chegada"] == trip["chegada"]
        stations = [stop.estacao_id for stop in NETWORK.paths[trip["linha"], trip["sentido"]].stops]
        orders = [int(row["ordem"]) for row in own]
        assert [row["estacao_id"] for row in own] == stations[orders[0] - 1 : orders[-1]]
        assert orders == list(range(orders[0], orders[-1] + 1))
        assert sum(int(row["embarques"]) for row in own) == int(trip["embarques"])
    driving = [row for row in truth(settings, "sinais") if row["estado"] == "viagem"]
    assert all(row["distancia_m"] for row in driving)


def test_the_truth_says_of_passages_who_waited_and_what_bunched(settings: Settings) -> None:
    for row in truth(settings, "passagens"):
        assert bool(row["espera_s"]) == (row["embarques"] != "0")
        assert bool(row["intervalo_s"]) == bool(row["comboio"])
        if row["comboio"]:
            bunched = float(row["intervalo_s"]) < float(row["intervalo_planejado_s"]) / 4
            assert abs(bunched - int(row["comboio"])) == 0 or float(row["intervalo_s"]) * 4 == pytest.approx(
                float(row["intervalo_planejado_s"]), abs=4
            )


def test_the_files_of_the_truth_begin_with_their_columns(settings: Settings) -> None:
    for name, columns in FILES.items():
        (path,) = settings.folder.glob(f"truth/*/{name}.csv")
        assert path.read_text().splitlines()[0] == ",".join(columns)


# -- apart from real data ------------------------------------------------------------------------------------------


def test_everything_that_is_simulated_says_so(settings: Settings) -> None:
    assert simulation_of(settings) == Simulation(1, "2026-11-23T08:00:00.000000Z")
    (closed,) = files(settings).closed_windows()
    assert json.loads((closed / "manifest.json").read_text())["capturer"].startswith("simulated-")


def test_a_folder_keeps_its_first_simulation(settings: Settings) -> None:
    assert simulate_into(settings, Simulation.beginning(START, seed=2)) == simulation_of(settings)


def test_a_folder_of_real_data_is_not_made_one_of_simulated_data(resources: Resources) -> None:
    pipeline.capture(START, resources)
    with pytest.raises(MixedData, match="mix real and simulated"):
        simulate_into(resources.settings, Simulation.beginning(START))
    assert simulation_of(resources.settings) is None


class Answers(Client):
    """A feed with one answer."""

    def __init__(self, clock: Clock, simulated: bool) -> None:
        self.clock = clock
        self.simulated = simulated

    def fetch(self, deadline: datetime) -> Response:
        now = self.clock.now()
        return Response(body(vehicle(at=now)), 200, now, self.simulated)


@pytest.mark.parametrize(
    ("folder_is", "answer_is", "reason"),
    [(False, False, ""), (True, True, ""), (False, True, "simulated"), (True, False, "not_simulated")],
)
def test_answer_of_the_other_kind_fails_and_is_not_kept(
    make_resources: Callable[..., Resources], folder_is: bool, answer_is: bool, reason: str
) -> None:
    resources = make_resources()
    resources = replace(resources, client=Answers(resources.clock, answer_is))
    if folder_is:
        simulate_into(resources.settings, Simulation.beginning(START))
    poll = pipeline.capture(resources.clock.now(), resources)
    assert (poll.status.is_good, poll.reason) == (not reason, reason)
    assert bool(list(resources.settings.folder.glob("windows/*/raw/*"))) == (not reason)
