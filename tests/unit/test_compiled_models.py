"""The compiled models are kept on disk until the project changes."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from brt_watch.model import Poll, Status
from brt_watch.transform import compiled as module
from brt_watch.transform.compiled import DBT_PROJECT, Compiled, Model, compiled, project_key, project_vars
from brt_watch.transform.live import DATABASE, LiveEngine, look_back
from brt_watch.transform.live_plan import Plan, _steps

CHAIN = Compiled(
    "public",
    [],
    [
        Model("base", "view", "select 1", ["brt_raw"], live=False),
        Model("gps_brt", "table", "select 1", ["base"], live=False),
        Model("last", "table", "select 1", ["gps_brt"], live=True),
    ],
)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The projects that were compiled; dbt itself is not started."""
    done: list[Path] = []

    def compile_once(project: Path, data: Path) -> Compiled:
        done.append(project)
        return CHAIN

    monkeypatch.setattr(module, "_compile", compile_once)
    return done


def test_models_are_compiled_once_and_again_after_damage(tmp_path: Path, compilations: list[Path]) -> None:
    beside = tmp_path / "beside"
    for _ in range(3):
        assert compiled(tmp_path, beside=beside) == CHAIN
    assert len(compilations) == 1
    (kept,) = beside.iterdir()
    kept.write_bytes(b"torn")
    assert compiled(tmp_path, beside=beside) == CHAIN
    assert len(compilations) == 2


def test_a_read_only_package_keeps_them_in_the_data_folder(tmp_path: Path, compilations: list[Path]) -> None:
    (tmp_path / "file").touch()
    for _ in range(2):
        compiled(tmp_path, beside=tmp_path / "file" / "in-no-folder")
    assert len(compilations) == 1
    assert len(list((tmp_path / "dbt").glob("duckdb-*.json"))) == 1


@pytest.mark.parametrize(
    ("path", "matters"),
    [("dbt_project.yml", True), ("models/marts/gps_brt.sql", True), ("seeds/estacoes.csv", False)],
)
def test_the_key_follows_rules_and_not_reference_rows(tmp_path: Path, path: str, matters: bool) -> None:
    project = tmp_path / "dbt"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    before = project_key(project)
    with (project / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (project_key(project) != before) is matters


def test_what_a_model_stands_on_is_found_through_others() -> None:
    assert CHAIN.below("last") == {"last", "gps_brt", "base", "brt_raw"}
    assert CHAIN.standing_on("gps_brt") == {"last"}


def test_what_streams_wait_for_is_derived_before_the_rest() -> None:
    def live(name: str, kind: Literal["view", "table"], *reads: str) -> Model:
        return Model(name, kind, "select 1 as one", list(reads), live=True)

    signals = Model("gps_brt", "table", "select 1 as one", ["brt_raw"], live=False)
    positions, others = live("positions", "table", "gps_brt"), live("others", "table", "gps_brt")
    shown = live("veiculos_agora", "view", "positions")
    plan = Plan.of(Compiled("public", [], [signals, others, positions, shown]))
    assert (plan.first, plan.rest) == ([positions], [others])


def test_a_row_looks_back_as_far_as_the_longest_threshold() -> None:
    values = project_vars()
    assert look_back(values).total_seconds() >= values["sentido_validade_segundos"] + values["sentido_janela_segundos"]
    assert look_back(values | {"intervalo_max_desvio_segundos": 5000}).total_seconds() > 5000


def test_a_derivation_apart_from_the_polls_can_be_stopped() -> None:
    """The page would wait for it when it ends; by itself this one ends in hours."""
    statement = "select count(*) as n from public.gps_brt, range(1000000000000)"
    apart = Model("slow", "table", statement, ["gps_brt"], live=True, apart=True)
    chain = Compiled("public", [], [Model("gps_brt", "table", "select 1 as one", ["brt_raw"], live=False), apart])
    engine = LiveEngine(chain)
    engine._connection.execute("insert into public.gps_brt select 1")
    with ThreadPoolExecutor(1) as other:
        running = other.submit(engine.derive_apart)
        time.sleep(0.2)
        while not running.done():
            engine.stop()
    assert running.exception() is None or isinstance(running.exception(), duckdb.InterruptException)
    assert engine.rows("select n from public.slow") == [(0,)]
    engine.close()


def test_models_apart_are_of_one_moment_and_replaced_together() -> None:
    """What reads tables that move is one transaction, the results are another; between, DuckDB sees what it joins."""

    def apart(name: str, *reads: str, live: bool = False) -> Model:
        return Model(name, "table", "select 1 as one", list(reads), live=live, apart=live)

    signals, days, trips = apart("signals", "gps_brt"), apart("days", "gps_brt", "signals"), apart("trips", "days")
    best, shown, passes = apart("best", "trips"), apart("shown", "best", live=True), apart("passes", "shown", live=True)
    steps = _steps([signals, days, trips, best, shown, passes], {"gps_brt"})
    assert list(steps) == [[signals, days], [trips], [best], [shown, passes]]
    late = apart("late", "best", "gps_brt", live=True)
    assert list(_steps([signals, trips, best, late], {"gps_brt"})) == [[signals, trips, best, late], []]


def test_old_rows_are_dropped_while_others_use_the_tables() -> None:
    """DuckDB refuses a checkpoint then; to give up the whole engine for it cost readers half a minute."""
    signals = Model("gps_brt", "table", "select '1' as id_veiculo, now() as timestamp_gps", ["brt_raw"], live=False)
    engine = LiveEngine(Compiled("public", [], [signals]))
    now = datetime.now(timezone.utc)
    engine.take([Poll(tick=now, status=Status.OK, captured_at=now)], b"")
    with engine._connection.cursor() as other:
        other.execute(f"use {DATABASE}.public; begin; create table public.held (n integer)")
        engine._trim()
        other.execute("rollback")
    engine._trim()
    assert engine.rows("select count(*) from public.brt_poll") == [(1,)]
    engine.close()
