"""A Prefect Server as a test uses it: our commands beside it, as processes, with a home of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from brt_watch.clock import PretendClock
from tests.made_vehicles import NOON
from tests.prefect_server.http import PrefectApi
from tests.prefect_server.server import PrefectServer, Row

PATIENCE_SECONDS = 180
"""Far longer than anything here takes."""


class Office:
    """A server, its API, and the environment of the commands: the BRT's API at `feed_url`, one poll a minute."""

    def __init__(self, folder: Path, api: PrefectApi, feed_url: str, **settings: str) -> None:
        self.api = api
        self.server: PrefectServer = api.server
        self.home = folder / "home"
        self.home.mkdir()
        self.data = folder / "data"
        self.log = folder / "agent.log"
        # Two seconds past noon, and slow, so that the minute of a run is not over before the run begins.
        clock = PretendClock.written(NOON + timedelta(seconds=2), 0.2)
        self.clock = PretendClock(clock)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT__")}
        self.environment = clean | {
            "HOME": str(self.home),
            "BRT_WATCH_DATA": str(self.data),
            "BRT_WATCH_FEED_URL": feed_url,
            "BRT_WATCH_PREFECT_API": api.url,
            "BRT_WATCH_POLL_SECONDS": "60",
            "BRT_WATCH_CLOCK": clock,
            **settings,
        }

    def register(self, expect: int = 0, **settings: str) -> str:
        """Register as a user does, with schedules by the real clock; returns what was printed."""
        command = [sys.executable, "-m", "brt_watch", "flow", "register"]
        environment = self.environment | {"BRT_WATCH_CLOCK": "", **settings}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == expect, done.stdout + done.stderr + "\n".join(self.api.refused)
        return done.stdout + done.stderr

    @contextmanager
    def agent(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Let an agent work meanwhile; it ends by SIGINT, and well."""
        command = [sys.executable, "-m", "brt_watch", "flow", "agent", *words]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, cwd=self.home)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE_SECONDS)
        assert code == 0, self.log.read_text()

    def flow(self, name: str) -> Row:
        """Return the newest version of a flow."""
        return [flow for flow in self.server.flows if flow["name"] == name][-1]

    def schedule(self, name: str, at: datetime = NOON) -> Row:
        """Plan a run for a moment of our clock."""
        with self.api.lock:
            return self.server.schedule(self.flow(name), self.clock.to_real(at))

    def wait_for(self, what: Callable[[], Any]) -> Any:
        """Return what comes true."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := self._look(what)):
            runs = [(run["flow"]["name"], run["history"]) for run in self.server.flow_runs.values()]
            log = self.log.read_text() if self.log.exists() else ""
            assert time.monotonic() < until, f"{runs}\n{self.api.refused}\n{self.logs()}\n{log}"
            time.sleep(0.1)
        return found

    def finished(self, run: Row) -> str:
        """Wait for the end of a run; returns its last state."""
        self.wait_for(lambda: run["state"] in ("Success", "Failed", "Skipped", "Cancelled"))
        return str(run["state"])

    def logs(self) -> str:
        """What the runs told the server."""
        return "\n".join(str(log["message"]) for log in self.server.logs)

    def tasks(self, run: Row) -> dict[str, Row]:
        """The runs of a run's tasks, by the names that the page shows."""
        with self.api.lock:
            return {
                task_run["name"] or task_run["task"]["name"]: task_run
                for task_run in self.server.task_runs.values()
                if task_run["flow_run_id"] == run["id"]
            }

    def _look(self, what: Callable[[], Any]) -> Any:
        with self.api.lock:
            return what()
