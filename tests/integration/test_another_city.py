"""A GTFS-Realtime address and a GTFS are a city: map, trips and headways, also while the clocks change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from brt_watch import cli, pipeline
from brt_watch.cli import agreement
from brt_watch.clock import MINUTE, StillClock
from brt_watch.feeds import feed_named
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from brt_watch.transform.city import make_city, project_of
from brt_watch.transform.compiled import project_vars
from brt_watch.web.app import create_app
from tests import made_up_city as city
from tests.ask_web import ask
from tests.conftest import ScriptedFeed

pytestmark = pytest.mark.system

HOURS = timedelta(hours=2)
BEGINS, ENDS = city.FALL_BACK - HOURS, city.FALL_BACK + HOURS


@pytest.fixture
def captured(loaded_resources: Callable[..., Resources], clock: StillClock, tmp_path: Any) -> Resources:
    """Four hours of the city around the change of the clocks, loaded and derived."""
    resources = loaded_resources(feed="gtfs_rt", poll_seconds=30, window_minutes=240)
    # The project of the city is parsed apart from that of the other tests.
    (resources.settings.folder / "dbt").unlink()
    city.lend_statements(resources.settings.folder)
    resources.files.feed = feed_named("gtfs_rt")
    make_city(resources.settings.folder, city.write_gtfs(tmp_path / "city.zip"))
    clock.time = BEGINS
    step = resources.step
    ticks = [BEGINS + n * step for n in range(int((ENDS - BEGINS) / step))]
    feed: Any = ScriptedFeed(clock, [city.message(tick) for tick in ticks], seconds=0)
    resources = replace(resources, client=feed)
    for tick in ticks:
        assert pipeline.capture(tick, resources).status.is_good
    clock.time = ENDS + MINUTE
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    add_a_second_opinion(resources)
    pipeline.transform(resources)
    return resources


def add_a_second_opinion(resources: Resources) -> None:
    """Let a further feed have the same signals, with another line for B3 and the wrong direction for B4."""
    further = Store(resources.settings, "opinion")
    further.apply_schema()
    with further.connection() as connection:
        connection.execute(
            "insert into opinion.brt_raw select * from public.brt_raw;"
            " update opinion.brt_raw set linha = 'R07' where codigo = 'B3';"
            " update opinion.brt_raw set sentido = case sentido when 'ida' then 'volta' else 'ida' end"
            " where codigo = 'B4'"
        )


def assert_the_second_opinion_is_compared(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Agreement by line and hour: a different label counts against it, without a judgement on which is right."""
    monkeypatch.setattr(agreement, "load_resources", lambda: resources)
    told = CliRunner().invoke(cli.app, ["agreement", "--day", "2026-10-31", "--json"])
    assert told.exit_code == 0
    rows = json.loads(told.stdout)["rows"]
    assert {row["linha"] for row in rows} == {city.name(line) for line in range(city.LINES)}
    assert {row["hora_operacao"] for row in rows} == {24, 25, 26, 27}
    for row in rows:
        line, direction = {city.name(3): (0, 0), city.name(4): (1, 0)}.get(row["linha"], (1, 1))
        assert row["feed"] == "opinion"
        assert row["sinais_com_linha"] == row["sinais_com_viagem"] == row["sinais"] > 0
        assert row["sinais_mesma_linha"] == line * row["sinais"]
        assert row["sinais_mesmo_sentido"] == direction * row["sinais"]
        assert row["sinais_mesma_viagem"] <= row["sinais"]
    shown = CliRunner().invoke(cli.app, ["agreement", "--day", "2026-10-31"])
    assert "opinion" in shown.stdout
    assert "label, not the truth" in " ".join(shown.stdout.split())


@contextmanager
def page_of(resources: Resources) -> Iterator[FastAPI]:
    app = create_app(resources)
    app.state.deps.live.look()
    try:
        yield app
    finally:
        app.state.deps.history.reader.close()


def assert_the_page_is_of_the_city(app: FastAPI, resources: Resources) -> None:
    """The live models run on its network, its days are its own, and the page knows zone and box."""
    vehicles = ask(app, "/api/v1/vehicles").json()["features"]
    network = ask(app, "/api/v1/network").json()
    page = ask(app, "/").text
    coverage = ask(app, "/api/v1/coverage?dia=2026-11-01").json()
    plan = ask(app, "/api/v1/plan").json()
    assert len(vehicles) == city.LINES
    for vehicle in vehicles:
        properties = vehicle["properties"]
        there = city.bus(int(vehicle["id"].removeprefix("B")), ENDS - resources.step)
        assert (properties["linha"], properties["sentido"]) == (
            city.name(there.line),
            ("ida", "volta")[there.direction],
        )
        assert properties["desvio_m"] < 5
        assert abs(properties["progresso_m"] - there.metres) < 5
    assert len(network["linhas"]["features"]) == 2 * city.LINES
    assert f'data-zone="{city.ZONE}" data-city="Made-up Transit"' in page
    assert not re.findall(r"\bRio\b|BRT|og:image", page)
    assert {headway["linha"] for headway in plan["intervalos"]} == {city.name(line) for line in range(city.LINES)}
    # Four hours by the clock of the city's day, not by Rio's.
    assert len(coverage["minutos"]) == 240


def assert_the_city_has_forecasts(app: FastAPI, resources: Resources) -> None:
    """By the plan and by what the buses did today: of buses on their way within a minute, in the times of the city."""
    found = ask(app, "/api/v1/forecasts").json()["previsoes"]
    updates = ask(app, "/gtfs-rt/trip-updates?format=json").json()["entity"]
    period = "de=2026-11-01T07:50:00Z&ate=2026-11-01T08:00:00Z"
    tides = ask(app, f"/tides/vehicle_locations.csv?{period}").text.splitlines()
    underway = [each for each in found if each["tipo"] == "a caminho"]
    assert {each["linha"] for each in underway} <= {city.name(line) for line in range(city.LINES)}
    assert len(underway) >= city.LINES
    # On the first stretch no bus has been timed between two stations.
    assert {each["base"] for each in underway} == {"plano", "plano e hoje"}
    for each in underway:
        line, way, stop = map(int, each["estacao_id"].removeprefix("S").split("-"))
        error = datetime.fromisoformat(each["chegada_p50"]) - city.arrival(line, way, stop, ENDS - resources.step)
        assert abs(error) < MINUTE, each
    trips = [each["trip_update"]["trip"] for each in updates]
    assert {trip["route_id"] for trip in trips} <= {city.route_id(line) for line in range(city.LINES)}
    # Counted from noon minus twelve hours, as GTFS does: up to four hours after midnight of a day of 25 hours.
    started = {(trip["start_date"], trip["start_time"][:2]) for trip in trips if "start_time" in trip}
    assert ("20261031", "27") in started
    assert started <= {("20261031", "26"), ("20261031", "27")}
    assert {line.split(",")[1] for line in tides[1:]} == {"2026-10-31"}


def test_a_city_has_trips_and_headways_while_the_clocks_change(
    captured: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = project_vars(project_of(captured.settings.folder))
    assert values["fuso_horario"] == city.ZONE
    assert 42.1 < values["area_latitude_minima"] < 42.3
    assert captured.lake.days() == ["2026-10-31"]
    with captured.store.connection() as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.execute(query).fetchall()

        (signals,) = rows(
            "select count(*) as n, count(*) filter (where flag_fora_da_area) as outside,"
            " count(*) filter (where least(desvio_ida_m, desvio_volta_m) < 30) as on_path,"
            " max(velocidade_instantanea) as fastest from gps_brt"
        )
        assert signals["n"] == city.LINES * 480
        assert (signals["outside"], signals["fastest"]) == (0, 36)
        assert signals["on_path"] == signals["n"]
        # The hour from one to two comes twice.
        hours = rows("select data, hora, count(*) as n from gps_brt group by data, hora order by data, hora")
        an_hour = city.LINES * 120
        assert [(row["hora"], row["n"]) for row in hours] == [(0, an_hour), (1, 2 * an_hour), (2, an_hour)]
        trips = rows("select linha, sentido, tipo, partida, chegada, cobertura from viagens order by partida")
        headways = rows(
            "select intervalo_segundos as seconds, intervalo_previsto_segundos as planned from intervalos"
            " where escopo = 'linha' and intervalo_segundos is not null and not flag_desconhecido"
        )
        rows_of_view = rows("select codigo from generate_view")
    whole = {(trip["linha"], trip["sentido"], trip["partida"]) for trip in trips if trip["tipo"] == "completa"}
    planned = {
        (city.name(line), ("ida", "volta")[way], at)
        for line in range(city.LINES)
        for way in (0, 1)
        for at in city.departures(line, way, BEGINS + MINUTE, ENDS - timedelta(seconds=city.TRIP_S) - MINUTE)
    }
    found = {
        trip for trip in planned if any(trip[:2] == each[:2] and abs(each[2] - trip[2]) <= MINUTE for each in whole)
    }
    assert found == planned, "every trip that was driven whole is found"
    assert len(whole) <= len(planned) + 2 * city.LINES
    # The clocks go back on a Sunday, and the plan is that of working days.
    assert {row["planned"] for row in headways} == {None}
    assert all(abs(row["seconds"] - 2 * city.HALF_S) <= 60 for row in headways)
    assert len(headways) > city.LINES * city.STOPS * 2
    assert len(rows_of_view) == city.LINES
    assert_the_second_opinion_is_compared(captured, monkeypatch)
    with page_of(captured) as app:
        assert_the_page_is_of_the_city(app, captured)
        assert_the_city_has_forecasts(app, captured)
