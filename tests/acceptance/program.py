"""brt-watch while it captures a recording: commands, supervisor, Postgres, Prefect's flows and dbt are the real ones.

The clock runs ten times as fast, which leaves a busy machine two seconds for each poll.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import psycopg
import zstandard

from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.settings import load_settings
from tests.acceptance.commands import Commands
from tests.free_port import free_port

SPEED = 10


class Program(Commands):
    """brt-watch on a data folder of its own, capturing a recording that is being replayed."""

    def __init__(self, data: Path, recording: Path, seconds_until_it_begins: int, program: tuple[str, ...]) -> None:
        port = free_port()
        super().__init__(
            data,
            program,
            BRT_WATCH_FEED_URL=f"http://127.0.0.1:{port}/gps/brt",
            BRT_WATCH_POSTGRES_PORT=str(free_port()),
            BRT_WATCH_HTTP_PORT=str(free_port()),
            BRT_WATCH_LOAD_MINUTES="3",
            # The window begins some minutes before the recording does, and is to have all of it.
            BRT_WATCH_WINDOW_MINUTES="17",
        )
        # Made before the clock of the recording begins to run.
        self.run("db", "start")
        with gzip.open(recording) as file:
            first = datetime.fromisoformat(json.loads(file.readline())["captured_at"])
        self.environment["BRT_WATCH_CLOCK"] = f"{first.isoformat()}@{time.time() + seconds_until_it_begins:.0f}x{SPEED}"
        command = [*self.program, "replay", str(recording), "--port", str(port)]
        self.replay = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL)

    def status(self) -> dict[str, Any]:
        """Return the output of `brt-watch status --json`, without a new process each time."""
        with mock.patch.dict(os.environ, self.environment):
            found = report(Resources.from_settings(load_settings())).as_dict()
        return dict(msgspec.json.decode(msgspec.json.encode(found)))

    def wait_for(self, what: Callable[[dict[str, Any]], Any], seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while not what(status := self.status()):
            assert time.monotonic() < until, f"{json.dumps(status, indent=1)}\n{self.logs()}"
            time.sleep(1)
        return status

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.here("db", "url").strip()) as connection:
            return connection.execute(sql).fetchall()

    def ledger(self) -> list[dict[str, str]]:
        return [row for folder in self.windows() for row in read_csv(folder, "polls.csv")]

    def windows(self) -> list[Path]:
        return sorted([*self.data.glob("windows/*"), *self.data.glob("archive/*/*")], key=lambda folder: folder.name)


def read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a file of a window, packed if the window was loaded."""
    packed = folder / f"{name}.zst"
    data = zstandard.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
