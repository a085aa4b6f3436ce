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
from brt_watch.transform import runner as transform
from tests import shared_postgres
from tests.conftest import ScriptedFeed, make_settings
from tests.integration.conftest import share_dbt
from tests.made_vehicles import NOON
from tests.unit.test_further_feeds import GTFS_RT, message


def test_each_feed_is_loaded_into_its_own_tables(
    make_resources: Callable[..., Resources],
    database: Any,
    clock: StillClock,
    tmp_path: Any,
    server: Server,
    worker_id: str,
) -> None:
    share_dbt(tmp_path / "data", server, shared_postgres.of_tests(worker_id))
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
    assert_the_models_have_the_feed(resources)


def assert_the_models_have_the_feed(resources: Resources) -> None:
    """Positions and coverage by feed, at first and after a load that brings one vehicle elsewhere."""
    further = resources.further[0]

    def rows(query: str) -> list[dict[str, Any]]:
        with resources.store.connection() as connection:
            return connection.execute(query).fetchall()

    def derive() -> None:
        arguments = ("--select", "+posicao_por_feed", "+cobertura_por_feed")
        transform.build(resources.settings, resources.store.connection_parameters(), *arguments)

    derive()
    positions = rows("select feed, codigo, datahora, velocidade, load_id from posicao_por_feed order by codigo")
    assert [(row["feed"], row["codigo"]) for row in positions] == [("rt", f"bus {n}") for n in range(3)]
    assert {row["datahora"] for row in positions} == {NOON + 11 * MINUTE}
    with further.store.connection() as connection:
        newest = positions[0]["load_id"]
        connection.execute(
            "insert into brt_raw (codigo, latitude, longitude, datahora, captured_at, capturer, tick, load_id)"
            " select codigo, 43, longitude, datahora + interval '1 hour', captured_at + interval '1 hour', capturer,"
            f" tick, {newest + 1} from brt_raw where codigo = 'bus 1' order by datahora desc limit 1"
        )
    derive()
    again = rows("select codigo, latitude, datahora, load_id from posicao_por_feed order by codigo")
    assert [row["datahora"] - NOON for row in again] == [11 * MINUTE, 71 * MINUTE, 11 * MINUTE]
    assert again[1]["latitude"] == 43
    assert {row["load_id"] for row in again} == {newest + 1}
    minutes = rows("select * from cobertura_por_feed order by minuto")
    assert [(row["feed"], row["consultas_previstas"], row["consultas_boas"]) for row in minutes] == [("rt", 1, 1)] * 20
    assert [row["sinais_novos"] for row in minutes] == [3] * 12 + [0] * 8


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
