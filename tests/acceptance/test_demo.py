"""The demo, as a visitor with the installed wheel starts it: every part is the real one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import parsed
from tests.acceptance.commands import Commands
from tests.acceptance.installed import dbt_project_of
from tests.free_port import free_port
from tests.simulated_morning import PARKED, clock_at

pytestmark = pytest.mark.system


@pytest.fixture
def demo(folder: Path, installed: tuple[str, ...]) -> Iterator[Commands]:
    """The installed program in a folder that is empty, but for dbt's project of the wheel as it was parsed before."""
    feed_url, postgres_port = f"http://127.0.0.1:{free_port()}/gps/brt", free_port()
    own = {"BRT_WATCH_POSTGRES_PORT": str(postgres_port), "BRT_WATCH_HTTP_PORT": str(free_port())}
    own["BRT_WATCH_CLOCK"] = clock_at(PARKED)
    demo = Commands(folder / "data-demo", installed, BRT_WATCH_FEED_URL=feed_url, **own)
    demo.folder = folder
    del demo.environment["BRT_WATCH_DATA"]
    parsed.lend(demo.data / "dbt", parsed.postgres("brt_watch", postgres_port), dbt_project_of(installed))
    yield demo
    here(demo, "--demo", "stop")


def here(demo: Commands, *words: str, expect: int | None = 0) -> str:
    """Return the output of a command of the checkout, run in this process, on the data of the demo."""
    looked = Commands(demo.data)
    looked.environment |= demo.environment
    return looked.here(*words, expect=expect)


def status_of(demo: Commands) -> dict[str, Any]:
    """Return the output of status, with or without problems: a failed poll is one, and the next may be good."""
    return dict(json.loads(here(demo, "status", "--json", expect=None)))


def test_demo_is_a_whole_system_labelled_simulated(demo: Commands) -> None:
    said = demo.run("demo", "--hours", "0.3")
    assert "The data is simulated" in said
    assert "54 polls" in said or "55 polls" in said
    assert "brt-watch --demo stop" in said
    assert {path.name for path in demo.folder.iterdir()} == {"data-demo"}
    assert "runs already" in here(demo, "demo")

    # What is seen first may be of the history that was filled in; a poll after it is of the capture that runs.
    status = status_of(demo)
    newest, until = status["last_poll"]["tick"], time.monotonic() + 300
    while status["last_poll"]["tick"] <= newest or status["last_poll"]["status"] not in ("ok", "late"):
        assert time.monotonic() < until, f"{status}\n{demo.logs()}"
        time.sleep(1)
        status = status_of(demo)
    assert status["simulated"] is True
    assert [program["name"] for program in status["programs"]] == [
        *["postgres", "simulator", "capture", "load", "transform", "web"]
    ]
    assert {program["state"] for program in status["programs"]} == {"RUNNING"}
    assert (status["database"]["windows"], status["vehicles"]) == (1, 748)
    assert status["last_poll"]["records"] == 748

    scored = json.loads(here(demo, "score", "--json"))
    shares = {share["name"]: share["share"] for share in scored["shares"]}
    assert shares["signals seen"] > 0.85
    assert scored["false_signals"] == 0

    # Nothing in the database can be taken for the city's.
    with psycopg.connect(here(demo, "db", "url").strip()) as connection:
        ((capturers,),) = connection.execute("select distinct capturer from brt_raw").fetchall()
    assert capturers.startswith("simulated-")

    # Who comes back finds what was there. The other programs need not start once more for that.
    assert "stopped: capture" in here(demo, "--demo", "flow", "stop")
    again = demo.run("demo", "--hours", "0.3")
    assert "brt-watch runs." in again
    assert "0 windows are loaded" in again
    assert demo.run("--demo", "stop") == "stopped\n"
