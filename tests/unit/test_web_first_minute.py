"""The web before anything was captured: it answers, and reports what is awaited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.web.app import create_app
from tests.ask_web import ask
from tests.conftest import make_settings
from tests.made_vehicles import NOON


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The page after it has looked for polls in vain."""
    settings = make_settings(tmp_path_factory.mktemp("first"), postgres_port=1024)
    app = create_app(replace(Resources.from_settings(settings), clock=StillClock(NOON)))
    app.state.deps.live.look()
    return app


@pytest.mark.parametrize(
    ("path", "list_of", "media_type"),
    [
        ("/api/v1/vehicles", "features", "application/geo+json"),
        ("/api/v1/vehicles?linha=22", "features", "application/geo+json"),
        ("/api/v1/vehicles?format=json", "veiculos", "application/json"),
    ],
)
def test_before_the_first_poll_the_page_says_what_comes(app: FastAPI, path: str, list_of: str, media_type: str) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    told = answer.json()
    assert (told["gerado_em"], told[list_of], told["aviso_codigo"]) == (None, [], "sem_captura")
    assert "a primeira consulta ainda não terminou" in told["aviso"]


def test_before_the_first_good_poll_the_last_failure_is_shown(make_resources: Callable[..., Resources]) -> None:
    """It neither promises a capture nor advises starting what already runs: it shows the reason of the failure."""
    resources = make_resources(postgres_port=1024)
    app = create_app(resources)
    resources.client.script.append(b"no JSON")  # type: ignore[attr-defined]
    poll = pipeline.capture(next(next_ticks(resources)), resources)
    app.state.deps.live.look()
    reason = poll.detail or poll.reason
    told = ask(app, "/api/v1/vehicles").json()
    assert (told["aviso_codigo"], reason in told["aviso"]) == ("sem_captura", True)
    assert "menos de um minuto" not in told["aviso"]
    health = ask(app, "/health").json()["detail"]
    assert reason in health
    assert "make start" not in health
    assert ask(app, "/api/v1/health-details").json()["captura"]["ultima_falha"]["motivo"] == reason


def test_a_station_lists_the_lines_that_stop_at_it(app: FastAPI) -> None:
    stations = {each["estacao_id"]: each for each in ask(app, "/api/v1/stations").json()["estacoes"]}
    ends = {(each["linha"], each["sentido"]): each["ponta"] for each in stations["TOTAL"]["linhas"]}
    assert {ends["22", "ida"], ends["22", "volta"]} == {"inicio", "fim"}
    played = ask(app, "/api/v1/playback/range").json()
    assert (bool(played["aviso"]), played["aviso_codigo"]) == (True, "banco_ausente")


def test_before_the_first_poll_lines_and_stations_are_shown(app: FastAPI) -> None:
    lines, stations = ask(app, "/api/v1/lines").json(), ask(app, "/api/v1/stations").json()
    assert (lines["gerado_em"], stations["gerado_em"]) == (None, None)
    assert len(lines["linhas"]) > 20
    assert not any(line["em_servico"] for line in lines["linhas"])
    board = ask(app, "/api/v1/control").json()
    assert (board["gerado_em"], board["percursos"], board["aviso_codigo"]) == (None, [], "sem_captura")
    assert len(stations["estacoes"]) > 100
    assert ask(app, "/gtfs-rt/vehicle-positions").status_code == 503


def test_nothing_captured_is_not_said_before_the_disk_is_read(make_resources: Callable[..., Resources]) -> None:
    answer = ask(create_app(make_resources(postgres_port=1024)), "/api/v1/vehicles")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "still being read" in answer.json()["detail"]


def test_the_plan_lists_the_headways_of_a_line(app: FastAPI) -> None:
    plan = ask(app, "/api/v1/plan?linha=22").json()
    assert {each["linha"] for each in plan["intervalos"]} == {"22"}
    assert [each["intervalo_s"] for each in plan["intervalos"] if each["hora_inicio"] == "05:00"] == [108]
    assert len({each["linha"] for each in ask(app, "/api/v1/plan").json()["intervalos"]}) > 20
