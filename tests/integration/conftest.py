from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch.pipeline import Parts
from brt_watch.postgres import Server
from brt_watch.settings import Settings
from brt_watch.store import Store
from tests.conftest import make_settings

number = count()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    """A data folder that the server's ordinary user can reach, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="brt-watch-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(data: Path) -> Iterator[Server]:
    """The embedded Postgres, started as supervisor starts it."""
    server = Server(data, free_port())
    server.prepare()
    environment = {"BRT_WATCH_DATA": str(data), "BRT_WATCH_POSTGRES_PORT": str(server.port)}
    with (data / "postgres.log").open("w") as log:
        command = [sys.executable, "-m", "brt_watch", "db", "run"]
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    server.wait_until_ready()
    yield server
    server.stop()
    process.wait(timeout=30)


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """A database with our tables, of which each test gets a copy."""
    settings = make_settings(server.data, postgres_port=server.port)
    Store(settings).apply_schema()
    return server.url


@pytest.fixture
def database(server: Server, template: str) -> Iterator[SecretStr]:
    """A database of the test's own, with our tables."""
    name = f"test_{next(number)}"
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template brt_watch")
        yield SecretStr(template.removesuffix("brt_watch") + name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def loaded_parts(make_parts: Callable[..., Parts], database: SecretStr) -> Callable[..., Parts]:
    """Make parts whose store is the test's database."""

    def make(data: str = "data", **changes: object) -> Parts:
        return make_parts(data, database_url=database, **changes)

    return make


@pytest.fixture
def parts(loaded_parts: Callable[..., Parts]) -> Parts:
    return loaded_parts()


@pytest.fixture
def settings(parts: Parts) -> Settings:
    return parts.settings
