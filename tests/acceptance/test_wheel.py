"""The wheel with what pip installs for it, in an environment that has nothing else: `make test-wheel`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from brt_watch.place import home
from tests.acceptance.commands import Commands
from tests.acceptance.conftest import reachable_folder
from tests.acceptance.installed import build
from tests.free_port import free_port

pytestmark = [pytest.mark.deep, pytest.mark.system]

FOREIGN = ("BRT_WATCH", "PYTHON", "VIRTUAL_ENV", "TEST_RUN")
"""Variables with these beginnings belong to the tests or to the environment of development."""


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """The program in an environment that pip filled from an index; without one the tests are skipped."""
    (prefect,) = re.findall(r'"(prefect==[^"]+)"', (home() / "pyproject.toml").read_text(encoding="utf-8"))
    with reachable_folder() as folder:
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        pip = [environment / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
        served = subprocess.run(
            [*pip, "download", "--no-deps", "--dest", folder / "served", prefect], capture_output=True, text=True
        )
        if served.returncode:
            last = (served.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            pytest.skip(f"no package index serves {prefect} here, so the wheel was not tried: {last}")
        installed = subprocess.run([*pip, "install", build(folder)], capture_output=True, text=True)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        checked = subprocess.run([*pip, "check"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
        yield environment / "bin" / "brt-watch"


@pytest.fixture
def commands(program: Path, folder: Path) -> Commands:
    """Its commands in an empty folder; nothing of the checkout is in their environment."""
    found = Commands(folder / "data", (str(program),))
    found.folder = folder
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    for name in ("BRT_WATCH_POSTGRES_PORT", "BRT_WATCH_HTTP_PORT"):
        own[name] = str(free_port())
    found.environment = own | {"BRT_WATCH_FEED_URL": f"http://127.0.0.1:{free_port()}/gps/brt"}
    return found


def page_of(commands: Commands) -> httpx.Response:
    """Return the page, once its process listens."""
    until = time.monotonic() + 300
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{commands.environment['BRT_WATCH_HTTP_PORT']}/")
        except httpx.TransportError:
            assert time.monotonic() < until, commands.logs()
            time.sleep(1)


def test_the_demo_runs_in_an_empty_folder(commands: Commands) -> None:
    try:
        assert "The data is simulated" in commands.run("demo", "--hours", "0.3")
        status = json.loads(commands.run("--demo", "status", "--json", expect=None))
        assert {one["state"] for one in status["programs"]} == {"RUNNING"}
        assert (status["simulated"], status["vehicles"]) == (True, 748)
        assert {path.name for path in commands.folder.iterdir()} == {"data-demo"}
    finally:
        commands.run("--demo", "stop")


def test_the_system_starts_in_an_empty_folder(commands: Commands) -> None:
    try:
        commands.run("start")
        status = json.loads(commands.run("status", "--json", expect=None))
        assert {one["state"] for one in status["programs"]} == {"RUNNING"}
        assert "transform" in {one["name"] for one in status["programs"]}
        assert {path.name for path in commands.folder.iterdir()} == {"data"}
        page = page_of(commands)
        assert (page.status_code, "BRT" in page.text) == (200, True)
    finally:
        commands.run("stop")
