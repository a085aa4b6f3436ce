"""The models on the lake: the same rows as in Postgres, and the history of the page where there is no Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.archive.lake_models import LakeModels
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.settings import NO_POSTGRES
from brt_watch.store.embedded import Server
from brt_watch.transform.runner import incremental_tables
from brt_watch.web.app import create_app
from tests import shared_postgres
from tests.ask_web import ask
from tests.conftest import make_settings
from tests.integration.captured import query
from tests.integration.conftest import share_parsed
from tests.integration.filled import Filled
from tests.integration.marts import MARTS, on_lake, score_forecasts_as_first, table
from tests.integration.simulated import MINUTES, START


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, server: Server, derived_morning: Filled, worker_id: str
) -> Resources:
    """A window of a simulated morning in Postgres and in the lake, and the models derived in both."""
    address = shared_postgres.create(server, f"lake_{worker_id}", derived_morning.database)
    settings = make_settings(tmp_path_factory.mktemp("lake"), database_url=address)
    resources = derived_morning.into(replace(Resources.from_settings(settings), clock=StillClock(START)))
    share_parsed(resources)
    score_forecasts_as_first(resources)
    pipeline.transform(replace(resources, on_lake=True))
    return resources


def test_every_mart_is_equal_on_postgres_and_duckdb(both: Resources) -> None:
    different = {}
    for name in MARTS:
        expected = query(both, f"select * from {name}")
        columns = set(expected[0]) if expected else set()
        # The folders of the lake add the service day.
        found = [{key: row[key] for key in columns} for row in on_lake(both, name)]
        if table(expected) != table(found):
            different[name] = (table(expected), table(found))
    assert not different
    assert len(query(both, "select 1 from viagens")) > 20
    assert query(both, "select 1 from previsao_acerto")


LARGE = (
    *("gps_brt", "int_viagens__no_rotulo", "int_viagens__nas_linhas"),
    *("int_passagens__momentos", "int_previsoes__passadas"),
)


@pytest.mark.parametrize("name", LARGE)
def test_duckdb_joins_no_large_model_row_by_row(both: Resources, name: str) -> None:
    """Where a join's condition is on one side alone, or mixes both, DuckDB compares every row with every other one."""
    (compiled,) = (both.settings.folder / "dbt" / "duckdb" / "compiled").rglob(f"{name}.sql")
    with duckdb.connect(str(LakeModels(both.lake).file), read_only=True) as models:
        ((_, plan),) = models.execute(f"explain {compiled.read_text()}").fetchall()
    assert "HASH_JOIN" in plan
    assert "BLOCKWISE_NL_JOIN" not in plan


@pytest.fixture(scope="module")
def without_postgres(both: Resources) -> FastAPI:
    """The page on the same folder, with nothing but the lake and the windows that wait."""
    settings = both.settings.model_copy(update={"database_url": SecretStr(NO_POSTGRES)})
    app = create_app(replace(both, settings=settings))
    app.state.deps.live.look()
    return app


Get = Callable[[str], httpx.Response]


@pytest.fixture(scope="module")
def get(without_postgres: FastAPI) -> Get:
    return lambda path: ask(without_postgres, path)


@pytest.fixture(scope="module")
def get_with_postgres(both: Resources) -> Iterator[Get]:
    app = create_app(both)
    app.state.deps.live.look()
    yield lambda path: ask(app, path)
    app.state.deps.history.reader.close()


SPAN = f"de={START:%Y-%m-%dT%H:%M:%SZ}&ate={START + timedelta(minutes=MINUTES):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/history?{SPAN}&linha=22&limite=500",
        f"/api/v1/history?{SPAN}&format=csv",
        f"/api/v1/playback?de={START:%Y-%m-%dT%H:%M:%SZ}&minutos=5",
        "/api/v1/playback/range",
        f"/api/v1/lines/22/stringline?{SPAN}",
        f"/api/v1/trips?{SPAN}",
        f"/api/v1/passages?{SPAN}&linha=22",
        f"/api/v1/coverage?dia={START:%Y-%m-%d}",
        "/api/v1/coverage/days",
        "/api/v1/lines",
    ],
)
def test_the_api_answers_the_same_without_postgres(get: Get, get_with_postgres: Get, path: str) -> None:
    found, expected = get(path), get_with_postgres(path)
    assert (found.status_code, expected.status_code) == (200, 200)
    assert found.text == expected.text
    assert len(found.text) >= 100


def test_a_lake_is_healthy_and_says_where_history_comes_from(get: Get, without_postgres: FastAPI) -> None:
    without_postgres.state.deps.history.check()
    assert without_postgres.state.deps.history.problem is None
    bank = get("/api/v1/health-details").json()["banco"]
    assert (bank["ok"], bank["detalhe"]) == (True, "sem Postgres: o histórico vem do lago")
    assert bank["sinais"] > 5_000


def test_the_history_is_there_while_a_transform_runs(both: Resources, get: Get) -> None:
    """DuckDB locks the file that dbt fills; the page reads the published files beside it."""
    models = LakeModels(both.lake)
    with duckdb.connect(str(models.file)) as dbt:
        dbt.execute("create or replace table public.em_andamento as select 1")
        assert get(f"/api/v1/trips?{SPAN}").json()["viagens"]
        assert models.newest_transform() == both.lake.newest_load()


def test_an_increment_publishes_only_the_days_that_changed(both: Resources) -> None:
    """A second transform, without a new window, leaves every file of a day as it was."""
    marts = LakeModels(both.lake).marts
    day = f"dia_operacao={date(2026, 11, 23)}"
    files = {path: path.stat().st_mtime_ns for path in marts.folder.rglob(f"{day}/*.parquet")}
    assert {Path(path).parent.parent.name for path in files} >= {"gps_brt", "viagens", "passagens"}
    pipeline.transform(replace(both, on_lake=True))
    assert {path: path.stat().st_mtime_ns for path in marts.folder.rglob(f"{day}/*.parquet")} == files


def test_tables_that_stay_have_the_columns_of_their_models(both: Resources) -> None:
    """What an upgrade compares: a table whose columns differ makes the first transform derive everything again."""
    models = incremental_tables(both.settings.folder)
    assert len(models) >= 12
    for kept in (both, replace(both, on_lake=True)):
        found = kept.models.columns(models)
        assert found == {name: models[name] for name in found}
        assert {"gps_brt", "viagens", "cobertura_captura", "int_viagens__cortes"} <= set(found)
