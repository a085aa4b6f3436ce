"""Each step typed by hand: nothing runs by itself but Postgres.

Where a process of its own adds nothing, a command runs in that of the test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import parsed
from tests.acceptance.commands import Commands
from tests.acceptance.conftest import reachable_folder
from tests.free_port import free_port
from tests.simulated_morning import PARKED, clock_at

ODD = "dados 50% %(here)s # ; 'ônibus' " + 'na "pasta" ' + 50 * "x"
"""The name of a data folder: with characters special to supervisor's configuration, and too long for a socket."""

FOREIGN = {"DBT_TARGET": "prod", "DBT_PROFILES_DIR": "/nowhere", "PGSSLMODE": "require", "PGSERVICE": "another"}
"""The user's settings for other programs."""


@pytest.fixture(scope="module")
def by_hand() -> Iterator[Commands]:
    """A few minutes of a simulated BRT, captured but not loaded, and an empty Postgres."""
    with reachable_folder() as folder:
        port = free_port()
        own = {"BRT_WATCH_POSTGRES_PORT": str(port), "BRT_WATCH_CLOCK": clock_at(PARKED)}
        commands = Commands(folder / ODD, **own, **FOREIGN)
        parsed.lend(commands.data / "dbt", "brt_watch", port)
        commands.here("simulate", "--history", "0.35")
        try:
            said = commands.run("db", "start")
            assert "Postgres is up" in said
            assert "{" not in commands.said_aside, "sentences, and no lines of a log among them"
            commands.environment["TMPDIR"] = str(folder)
            assert commands.run("db", "start") == said
            yield commands
            assert commands.here("db", "stop") == "stopped\n"
        finally:
            commands.here("stop")


def query(commands: Commands, statement: str) -> Any:
    """Return the first row of a statement's result, if it has one."""
    with psycopg.connect(commands.here("db", "url").strip(), autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchone() if done.description else None


def test_steps_work_by_hand_and_rebuild_what_is_broken(by_hand: Commands) -> None:
    assert "up to date" in by_hand.here("db", "schema")
    (window,) = json.loads(by_hand.here("load", "--json"))
    assert window["records"] == 39 * 748
    assert 748 <= window["signals"] < window["records"]
    assert "nothing to load: the open window has" in by_hand.here("load")
    agree = by_hand.here("verify")
    assert f"brt_raw    {window['signals']} rows" in agree
    assert "agree" in agree

    query(by_hand, "delete from brt_raw where codigo = (select min(codigo) from brt_raw)")
    differ = by_hand.here("verify", expect=1)
    assert f"{window['window']}: {window['signals']} signals loaded" in differ
    assert f"1 windows would be loaded again, {window['window']} first" in by_hand.here("rebuild", "--dry-run")
    assert by_hand.here("verify", expect=1) == differ, "a dry run changes nothing"
    again = json.loads(by_hand.here("rebuild", "--json"))
    assert (again["windows"], again["records"], again["signals"]) == (1, window["records"], window["signals"])
    assert by_hand.here("verify") == agree
    assert "CSV of 0 windows deleted" in by_hand.here("archive")

    assert "generate_view has 748 vehicles" in by_hand.here("transform")
    in_view = "select count(*), count(distinct codigo) from generate_view"
    assert by_hand.run("db", "psql", "-Atc", in_view) == "748|748\n"
    assert "local_storage_flow" in by_hand.run("flow", "list")
    with by_hand.running("logs") as followed:
        assert "/logs/dbt.log" in followed.readline()


def test_a_poll_and_a_recording_come_in_by_hand(by_hand: Commands, folder: Path, recording: Path) -> None:
    query(by_hand, "create database another")
    commands = Commands(
        folder / "data",
        BRT_WATCH_DATABASE_URL=by_hand.here("db", "url").strip().removesuffix("brt_watch") + "another",
        BRT_WATCH_POLL_SECONDS="10",  # the next tick is sooner
    )
    assert "001_first" in commands.here("db", "schema")
    assert "nothing to load: no window is closed" in commands.here("load")

    with commands.running("replay", str(recording), "--port", "0", "--speed", "1000") as printed:
        _, feed_url, _ = printed.readline().split()
        commands.environment |= [feed_url.split("=", 1)]
        poll = json.loads(commands.run("capture", "--once", "--json"))
    assert (poll["status"], poll["records"]) in {("ok", 60), ("late", 60)}
    assert "1 captured minutes" in commands.here("load")

    (would,) = json.loads(commands.here("import", "--dry-run", "--json", str(recording)))
    assert (would["source"][:-9], would["answers"], would["estimated"]) == ("import-ours", 10, False)
    assert query(commands, "select count(*) from brt_raw") == (0,)
    (brought,) = json.loads(commands.here("import", "--json", str(recording)))
    assert (brought["rows"], brought["stored"] + brought["repeats"], brought["rejected"]) == (610, 600, 10)
    signals = "select count(*), count(distinct codigo), min(capturer) from brt_raw"
    assert query(commands, signals) == (brought["stored"], 60, would["source"])
    assert "610 rows = 0 stored + 600 repeats + 10 rejected" in commands.here("import", str(recording))
