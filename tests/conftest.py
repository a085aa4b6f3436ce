from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
from pydantic import HttpUrl
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from brt_watch.capture.alerts import Webhook
from brt_watch.capture.fetch import Response
from brt_watch.capture.files import CaptureFiles
from brt_watch.clock import StillClock
from brt_watch.errors import PollFailed
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.store.database import Store
from tests import kept_network, made_vehicles, parsed, shared_postgres, shared_run
from tests.made_vehicles import NOON


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deep", action="store_true", help="add what says the same of more data, more kills, more chances"
    )
    parser.addoption(
        "--portable",
        action="store_true",
        help="leave out unit tests that one Python is enough for (tests/unit/conftest.py)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "deep: runs with --deep only; a cheaper test holds the same claim")
    config.addinivalue_line("markers", "system: starts parts of the system as users do; make test-system runs these")
    # What is set for a capture, in the environment or in .env, has no say in the tests, nor in what they start.
    for name in list(os.environ):
        if name.startswith("BRT_WATCH_") and not name.startswith("BRT_WATCH_TORTURE_"):
            del os.environ[name]
    os.environ["BRT_WATCH_ENV_FILE"] = ""
    # No test fails the machine, so none can tell; most of the time of a poll is waiting for the disk.
    os.fsync = lambda descriptor: None
    if not hasattr(config, "workerinput"):
        shared_run.begin()
    kept_network.lend()
    parsed.lend_to_compilers()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--deep"):
        deep = [item for item in items if item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=deep)
        items[:] = [item for item in items if item not in deep]
        if hypothesis := sys.modules.get("hypothesis"):
            # A machine with other work is slow, and no fault.
            patient = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
            hypothesis.settings.register_profile("shallow", max_examples=30, **patient)
            hypothesis.settings.load_profile("shallow")


def pytest_collection_finish() -> None:
    # What was imported stays; to look through it for garbage again and again takes a tenth of the time of dbt.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared_postgres.stop()
        shared_run.end()


class FilesAndOneBrowser(LoadFileScheduling):
    """Each process of pytest-xdist takes one file at a time, and one process takes all browser tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesAndOneBrowser:
    return FilesAndOneBrowser(config, log)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@dataclass
class ScriptedFeed:
    """A feed that returns the test's answers, and then a vehicle that signals at every poll."""

    clock: StillClock
    script: list[bytes | PollFailed] = field(default_factory=list)
    seconds: float = 0.5
    deadlines: list[datetime] = field(default_factory=list)

    def fetch(self, deadline: datetime) -> Response:
        self.deadlines.append(deadline)
        at = self.clock.now()
        self.clock.time += timedelta(seconds=self.seconds)
        answer = self.script.pop(0) if self.script else made_vehicles.body(made_vehicles.vehicle(at=at))
        if isinstance(answer, PollFailed):
            raise answer
        return Response(answer, 200, self.clock.now())


def make_settings(data: Path, **changes: object) -> Settings:
    return Settings(data=data, feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"), **changes)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOON)


@pytest.fixture
def make_resources(tmp_path: Path, clock: StillClock) -> Callable[..., Resources]:
    """Return resources with a scripted feed; the store is nowhere unless the settings give a database."""

    def make(data: str = "data", **changes: object) -> Resources:
        settings = make_settings(tmp_path / data, **changes)
        files = CaptureFiles(settings.folder, str(settings.feed_url))
        return Resources(settings, clock, ScriptedFeed(clock), files, Store(settings), Webhook("", lambda: "test"))  # type: ignore[arg-type]

    return make


@pytest.fixture
def resources(make_resources: Callable[..., Resources]) -> Resources:
    return make_resources()


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run Python code in a separate process; returns its output."""

    def run(code: str, **environment: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT__")}
        done = subprocess.run(
            [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    return run
