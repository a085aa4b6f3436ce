"""The signals of a further feed are loaded into a schema of its own, and the BRT's tables do not change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.archive.verify import compare_signals, verify
from brt_watch.clock import MINUTE, StillClock
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from brt_watch.store.move import move
from tests import shared_postgres
from tests.conftest import ScriptedFeed, make_settings
from tests.fleet import NOON
from tests.unit.test_further_feeds import GTFS_RT, message


def test_each_feed_is_loaded_into_its_own_tables(
    make_resources: Callable[..., Resources], database: Any, clock: StillClock, tmp_path: Any
) -> None:
    changes: dict[str, Any] = {"database_url": database, "window_minutes": 10, "poll_seconds": 60}
    own = make_resources(**changes)
    listed = Resources.from_settings(make_settings(tmp_path / "data", feeds=f"rt={GTFS_RT}", **changes))
    answers = [message(NOON + n * MINUTE, 3, 200.0 * n, 10) for n in range(12)]
    # The last two windows' worth of polls bring nothing new.
    feed: Any = ScriptedFeed(clock, answers + answers[-1:] * 12, seconds=0)
    (further,) = listed.further
    resources = replace(own, settings=listed.settings, further=(replace(further, clock=clock, client=feed),))
    for number in range(24):
        pipeline.capture_feeds(NOON + number * MINUTE, resources)
    folders = pipeline.windows_to_load(resources)
    assert {folder.relative_to(tmp_path / "data").parts[0] for folder in folders} == {"windows", "feeds"}
    for folder in folders:
        pipeline.load(folder, resources)
    with own.store.connection() as connection:
        (there,) = connection.execute(
            "select count(*) as n, count(distinct codigo) as v from public.brt_raw"
        ).fetchall()
        rows = connection.execute(
            "select feed, codigo, velocidade, extra from veiculos_raw order by datahora, codigo"
        ).fetchall()
    assert there["v"] == 1
    assert len(rows) == 36
    assert {row["feed"] for row in rows} == {"rt"}
    assert {row["velocidade"] for row in rows} == {36}
    for each in resources.feeds:
        assert verify(each) == []
        assert compare_signals(each) == []
    with further.store.connection() as connection:
        assert connection.execute("select count(*) as n from brt_poll").fetchall() == [{"n": 20}]


def test_the_tables_of_a_feed_move_into_its_schema_elsewhere(
    make_resources: Callable[..., Resources], make_database: Callable[[str], SecretStr], server: Server, template: str
) -> None:
    settings = make_resources(database_url=make_database(template)).settings
    elsewhere = make_settings(settings.folder, database_url=shared_postgres.create(server, "elsewhere", template))
    here, there = Store(settings, "rt"), Store(elsewhere, "rt")
    here.apply_schema()
    with here.connection() as connection:
        connection.execute(
            "insert into brt_raw (codigo, latitude, longitude, datahora, captured_at, capturer, tick, load_id)"
            " values ('B1', 42, -71, now(), now(), 'x', now(), 1)"
        )
    assert move(here, there, lambda done, in_all: None).tables["brt_raw"]["rows"] == 1
    with there.connection() as connection:
        (row,) = connection.execute("select feed, codigo from public.veiculos_raw").fetchall()
    assert row == {"feed": "rt", "codigo": "B1"}
    assert Store(elsewhere).checksums()["brt_raw"]["rows"] == 0


def test_a_schema_is_made_once(make_resources: Callable[..., Resources], database: Any) -> None:
    resources = make_resources(database_url=database)
    named = replace(resources, store=type(resources.store)(resources.settings, "another"))
    assert named.store.apply_schema() != []
    assert named.store.apply_schema() == []
    assert resources.store.apply_schema() == []
