from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import cli, pipeline
from brt_watch.errors import DatabaseUnreachable, MoveRefused
from brt_watch.resources import Resources
from brt_watch.store import move as moving
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from brt_watch.store.migrations import ONE_LOADER, schema_steps
from brt_watch.store.move import move
from tests import shared_postgres
from tests.conftest import make_settings
from tests.free_port import free_port
from tests.integration.captured import capture, one, query
from tests.integration.conftest import share_dbt
from tests.integration.filled import Filled
from tests.made_vehicles import NOON, body, vehicle


def quiet(_done: int, _in_all: int) -> None:
    pass


@pytest.fixture(scope="module")
def other_server(data: Path, worker_id: str) -> Iterator[Server]:
    """A second real Postgres, with nothing in it."""
    folder = data / f"other-{worker_id}"
    folder.mkdir(mode=0o755)
    server = Server(folder, free_port())
    server.prepare()
    process = subprocess.Popen(server.command(), **server.as_user(), stderr=subprocess.DEVNULL)
    server.wait_until_ready()
    yield server
    server.stop()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory, server: Server, template: str, worker_id: str) -> Filled:
    return Filled.by(fill, server, template, f"eventful_{worker_id}", tmp_path_factory.mktemp("eventful"))


@pytest.fixture
def database(eventful: Filled, make_database: Callable[[str], SecretStr]) -> SecretStr:
    return make_database(eventful.database)


@pytest.fixture
def resources(eventful: Filled, loaded_resources: Callable[..., Resources]) -> Resources:
    return eventful.into(loaded_resources())


@pytest.fixture
def target(other_server: Server, resources: Resources, worker_id: str) -> Resources:
    """Resources whose store is an empty database of the other server."""
    address = shared_postgres.create(other_server, shared_postgres.of_tests(worker_id), "template1")
    settings = make_settings(resources.settings.folder, database_url=address)
    return replace(resources, settings=settings, store=Store(settings))


def fill(resources: Resources) -> None:
    """Load windows with repeats, rejects, fields of the future, signals of other months and of years ago."""
    chance = random.Random(1)
    answers: list[Any] = []
    for poll in range(80):
        at = NOON + poll * timedelta(seconds=20)
        records = [vehicle(str(n), at - timedelta(seconds=chance.choice([0, 20])), novo=["\\", n]) for n in range(9)]
        away = [vehicle("old", at - timedelta(days=900)), vehicle("ahead", at + timedelta(days=31))]
        answers.append(body(*records, *away, vehicle("x", latitude=None)))
    for folder in capture(resources, answers, ticks=80):
        pipeline.load(folder, resources)


def everything(resources: Resources) -> dict[str, list[dict[str, Any]]]:
    return {
        table: query(resources, f"select * from {table} order by {order}")
        for table, order in {
            "brt_window": "load_id",
            "brt_poll": "tick",
            "brt_reject": "tick, position",
            "brt_raw": "datahora, codigo",
        }.items()
    }


def test_move_copies_every_row_and_leaves_the_source_unchanged(resources: Resources, target: Resources) -> None:
    before, told = everything(resources), []
    moved = move(resources.store, target.store, lambda done, in_all: told.append((done, in_all)))
    assert everything(target) == everything(resources) == before
    assert not moved.again
    assert moved.tables == resources.store.checksums() == target.store.checksums()
    rows = sum(len(table) for table in before.values())
    assert told[-1] == (rows, rows)
    assert {in_all for _, in_all in told} == {rows}, "the ledger knows before how many there are"
    partitions = "select tableoid::regclass::text as part, count(*) as n from brt_raw group by 1 order by 1"
    assert query(target, partitions) == query(resources, partitions)
    assert len(query(target, partitions)) == 3, "this month, the next, and what lies outside"


def test_the_next_loads_go_on_there_where_it_stopped_here(resources: Resources, target: Resources) -> None:
    move(resources.store, target.store, quiet)
    assert pipeline.transform_is_due(target), "what dbt derives is derived again there"
    for folder in capture(target, [], ticks=40):
        pipeline.load(folder, target)
    assert one(target, "select count(*) from brt_window") > one(resources, "select count(*) from brt_window")
    ids = [row["load_id"] for row in query(target, "select load_id from brt_window order by load_id")]
    assert ids == list(range(1, len(ids) + 1))


def test_moving_twice_is_moving_once(resources: Resources, target: Resources) -> None:
    first = move(resources.store, target.store, quiet)
    again = move(resources.store, target.store, quiet)
    assert again == replace(first, again=True)


def test_a_database_without_anything_can_be_moved(
    resources: Resources, target: Resources, make_database: Callable[[str], SecretStr], template: str
) -> None:
    make_database(template)
    move(resources.store, target.store, quiet)
    fill(target)
    assert query(target, "select min(load_id) as first from brt_window") == [{"first": 1}]


def test_tables_that_are_there_and_empty_are_filled(resources: Resources, target: Resources) -> None:
    target.store.apply_schema()
    assert not move(resources.store, target.store, quiet).again
    assert everything(target) == everything(resources)


def refused(resources: Resources, target: Resources) -> str:
    with pytest.raises(MoveRefused) as refusal:
        move(resources.store, target.store, quiet)
    return str(refusal.value)


def test_a_target_with_other_data_is_refused_and_stays_as_it_is(resources: Resources, target: Resources) -> None:
    move(resources.store, target.store, quiet)
    with target.store.connection() as connection:
        connection.execute("delete from brt_raw where codigo = '3'")
    before = everything(target)
    assert "it has other data already" in refused(resources, target)
    assert everything(target) == before


def test_a_target_of_another_version_is_refused(resources: Resources, target: Resources) -> None:
    target.store.apply_schema()
    with target.store.connection() as connection:
        connection.execute("insert into brt_schema (step) values ('999_of_the_future')")
    assert "newer version of brt-watch" in refused(resources, target)


def test_tables_here_of_another_version_are_refused(resources: Resources, target: Resources) -> None:
    with resources.store.connection() as connection:
        connection.execute("delete from brt_schema where step = %s", (schema_steps()[-1],))
    assert "bring them up to date" in refused(resources, target)


def test_tables_of_somebody_else_are_refused(resources: Resources, target: Resources) -> None:
    with target.store.connection() as connection:
        connection.execute("create table brt_raw (theirs text)")
    assert "did not make" in refused(resources, target)


def test_a_postgres_that_is_too_old_is_refused(
    resources: Resources, target: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "OLDEST_VERSION", 99)
    assert "99 or newer is needed" in refused(resources, target)


def test_the_database_itself_is_no_target(resources: Resources) -> None:
    assert "the same database" in refused(resources, resources)


def test_a_move_that_breaks_off_leaves_nothing_there(
    resources: Resources, target: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:

    def break_off(*_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(moving, "BATCH", 500)
    with pytest.raises(KeyboardInterrupt):
        move(resources.store, target.store, break_off)
    assert query(target, "select * from pg_tables where tablename like 'brt%'") == []


def test_move_notices_altered_rows_and_keeps_nothing(resources: Resources, target: Resources) -> None:
    target.store.apply_schema()
    with target.store.connection() as connection:
        connection.execute(
            """
            create function lose() returns trigger language plpgsql as 'begin return null; end';
            create trigger lose before insert on brt_reject for each row execute function lose();
            """
        )
    assert "0 rows of brt_reject" in refused(resources, target)
    assert one(target, "select count(*) from brt_raw") == 0


def test_no_load_gets_lost_between_the_two(resources: Resources, target: Resources) -> None:

    def is_held(*_: int) -> None:
        with psycopg.connect(resources.store.url) as loader:
            row = loader.execute("select pg_try_advisory_xact_lock(%s)", (ONE_LOADER,)).fetchone()
            assert row == (False,), "a load would wait"

    move(resources.store, target.store, is_held)


def test_a_target_that_does_not_answer_is_a_sentence(resources: Resources) -> None:
    settings = make_settings(
        resources.settings.folder, database_url=SecretStr("postgresql://me:geheim@127.0.0.1:9/brt")
    )
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:9") as error:
        move(resources.store, Store(settings), quiet)
    assert "geheim" not in str(error.value)


@pytest.mark.system
def test_the_command_moves_derives_and_says_what_comes_next(
    resources: Resources,
    target: Resources,
    server: Server,
    other_server: Server,
    worker_id: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    share_dbt(resources.settings.folder, server, shared_postgres.of_tests(worker_id), other_server)
    monkeypatch.setenv("BRT_WATCH_DATA", str(resources.settings.folder))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", resources.store.url)

    def moved(to: str, stdin: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        monkeypatch.setattr("sys.argv", ["brt-watch", "db", "move", to])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    derive = pipeline._transform
    # Of what a move derives, the view is enough here: all the rest takes ten seconds.
    monkeypatch.setattr(pipeline, "_transform", lambda there: derive(there, "--select", "+generate_view"))
    assert moved("-", target.store.url + "\n") == 0
    said = capsys.readouterr()
    assert "BRT_WATCH_DATABASE_URL=" in said.out
    assert target.store.url not in said.out + said.err
    assert len(target.store.view()) == 11
    assert not pipeline.transform_is_due(target)
    assert moved(target.store.url) == 0
    assert "Already moved" in capsys.readouterr().out
    assert moved("mysql://x") == 2
    assert moved("-") == 2
    assert moved(resources.store.url) == 1
    assert "cannot be moved" in capsys.readouterr().err
