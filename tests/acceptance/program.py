"""brt-watch while it captures a recording: commands, supervisor, Postgres, Prefect's flows and dbt are the real ones.

The clock runs ten times as fast, which leaves a busy machine three seconds for each poll.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import msgspec
import psycopg
import zstandard

from brt_watch.archive.recordings import read_recording
from brt_watch.clock import PretendClock, StillClock
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.service.supervisor import Service
from brt_watch.settings import load_settings
from brt_watch.simulate.server import ApiServer
from tests import parsed
from tests.acceptance.commands import Commands
from tests.acceptance.installed import dbt_project_of
from tests.free_port import free_port

FOREIGN = {"DBT_TARGET": "prod", "DBT_PROFILES_DIR": "/nowhere", "PGSSLMODE": "require", "PGSERVICE": "another"}
"""The user's settings for other programs."""

SPEED = 10
POLL = timedelta(seconds=30)


class Program(Commands):
    """brt-watch on a data folder of its own, capturing a recording from the moment at which the test lets it begin."""

    def __init__(self, data: Path, recording: Path, program: tuple[str, ...]) -> None:
        played = read_recording(recording)
        self._first = played.answers[0].captured_at
        port = free_port()
        # Until it begins it stands at a time without an answer.
        self.api = ApiServer(played, StillClock(self._first - POLL), port=0)
        Thread(target=self.api.serve_forever, daemon=True).start()
        super().__init__(
            data,
            program,
            **FOREIGN,
            BRT_WATCH_FEED_URL=self.api.url,
            BRT_WATCH_POSTGRES_PORT=str(port),
            BRT_WATCH_HTTP_PORT=str(free_port()),
            BRT_WATCH_POLL_SECONDS=f"{POLL.seconds}",
            BRT_WATCH_LOAD_MINUTES="1",
            # The window begins right before the recording does, and is to have all of it.
            BRT_WATCH_WINDOW_MINUTES="13",
        )
        parsed.lend(data / "dbt", parsed.postgres("brt_watch", port), dbt_project_of(program))
        # Made before the clock begins to run.
        said = self.run("db", "start")
        assert "Postgres is up" in said
        assert "{" not in self.said_aside, "sentences, and no lines of a log among them"
        # It is found again from anywhere.
        self.environment["TMPDIR"] = str(data.parent)
        assert self.run("db", "start") == said
        self.environment["BRT_WATCH_CLOCK"] = PretendClock.written(self._first, SPEED)

    def start(self) -> str:
        """Start everything, and play the recording as soon as there is a capture of it, unless it plays already."""
        with ThreadPoolExecutor(1) as beside:
            begun = beside.submit(self._begin) if isinstance(self.api.clock, StillClock) else None
            said = self.run("start")
            if begun:
                begun.result()
        return said

    def _begin(self) -> None:
        until = time.monotonic() + 300
        while not any(self.data.glob("windows/*/polls.csv")):
            assert time.monotonic() < until, self.logs()
            time.sleep(0.1)
        self.api.clock = PretendClock(PretendClock.written(self._first, SPEED))

    def shows_vehicles(self) -> bool:
        """Return whether the page shows a poll."""
        address = f"http://127.0.0.1:{self.environment['BRT_WATCH_HTTP_PORT']}/gtfs-rt/vehicle-positions"
        try:
            return httpx.get(address, timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    def do_without(self, *names: str) -> None:
        """Stop programs, and none else: ten times as fast as for others, the page would derive without a pause."""
        with self.its_environment():
            assert sorted(Service(load_settings()).stop_programs(names)) == sorted(names)

    def take_the_api_away(self) -> None:
        self.api.shutdown()
        self.api.server_close()

    def status(self) -> dict[str, Any]:
        """Return the output of `brt-watch status --json`, without a new process each time."""
        with self.its_environment():
            found = report(Resources.from_settings(load_settings())).as_dict()
        return dict(msgspec.json.decode(msgspec.json.encode(found)))

    def wait_for(self, what: Callable[[dict[str, Any]], Any], seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while not what(status := self.status()):
            assert time.monotonic() < until, f"{json.dumps(status, indent=1)}\n{self.logs()}"
            time.sleep(2)
        return status

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement's result, if it has one."""
        with psycopg.connect(self.here("db", "url").strip()) as connection:
            done = connection.execute(sql)
            return done.fetchall() if done.description else []

    def ledger(self) -> list[dict[str, str]]:
        return [row for folder in self.windows() for row in read_csv(folder, "polls.csv")]

    def windows(self) -> list[Path]:
        return sorted([*self.data.glob("windows/*"), *self.data.glob("archive/*/*")], key=lambda folder: folder.name)


def read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a file of a window, packed if the window was loaded."""
    packed = folder / f"{name}.zst"
    data = zstandard.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
