from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import pipeline
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
    return "brt_watch"


@contextmanager
def copy_of(template: str, server: Server) -> Iterator[SecretStr]:
    """Make a database like another one, and give its address; it is gone afterwards."""
    name = f"test_{next(number)}"
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        yield SecretStr(server.url.removesuffix("brt_watch") + name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(server: Server, template: str) -> Iterator[SecretStr]:
    """A database of the test's own, with our tables."""
    with copy_of(template, server) as address:
        yield address


@pytest.fixture(scope="session")
def template_with_network(server: Server, template: str) -> Iterator[str]:
    """A database with our tables and the models, made from nothing but the network."""
    with copy_of(template, server) as address:
        pipeline.transform(Parts.of(make_settings(server.data, database_url=address)))
        yield address.get_secret_value().rsplit("/", 1)[1]


@pytest.fixture
def database_with_network(server: Server, template_with_network: str) -> Iterator[SecretStr]:
    """A database of the test's own, in which the network is loaded already: that takes some ten seconds."""
    with copy_of(template_with_network, server) as address:
        yield address


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
