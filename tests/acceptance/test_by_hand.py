"""A poll and a recording typed by hand, into a Postgres of the user's own; other steps are in test_ten_minutes.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import shared_postgres
from tests.acceptance.commands import Commands

pytestmark = pytest.mark.system


def test_a_poll_and_a_recording_come_in_by_hand(folder: Path, recording: Path) -> None:
    url = shared_postgres.create(shared_postgres.start(), "by_hand", "template1").get_secret_value()
    commands = Commands(
        folder / "data",
        BRT_WATCH_DATABASE_URL=url,
        BRT_WATCH_POLL_SECONDS="10",  # the next tick is sooner
    )
    assert "001_first" in commands.here("db", "schema")
    assert "nothing to load: no window is closed" in commands.here("load")

    with commands.running("replay", str(recording), "--port", "0", "--speed", "1000") as printed:
        _, feed_url, _ = printed.readline().split()
        commands.environment |= [feed_url.split("=", 1)]
        poll = json.loads(commands.here("capture", "--once", "--json"))
    assert (poll["status"], poll["records"]) in {("ok", 60), ("late", 60)}
    assert "nothing to load: the open window has 1 captured minutes" in commands.here("load")
    assert json.loads(commands.here("load", "--json")) == []

    (would,) = json.loads(commands.here("import", "--dry-run", "--json", str(recording)))
    assert (would["source"][:-9], would["answers"], would["estimated"]) == ("import-ours", 10, False)

    def query(statement: str) -> Any:
        with psycopg.connect(url) as connection:
            return connection.execute(statement).fetchone()

    assert query("select count(*) from brt_raw") == (0,)
    (brought,) = json.loads(commands.here("import", "--json", str(recording)))
    assert (brought["rows"], brought["stored"] + brought["repeats"], brought["rejected"]) == (610, 600, 10)
    signals = "select count(*), count(distinct codigo), min(capturer) from brt_raw"
    assert query(signals) == (brought["stored"], 60, would["source"])
    assert "610 rows = 0 stored + 600 repeats + 10 rejected" in commands.here("import", str(recording))
