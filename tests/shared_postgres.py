"""One embedded Postgres for all processes of a test run, and the template databases that tests copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from pydantic import SecretStr

from brt_watch import lock
from brt_watch.store.embedded import Server
from tests.free_port import free_port

FOLDER = "TEST_RUN_FOLDER"
"""The variable that names the meeting place of the pytest-xdist processes."""

_started: list[subprocess.Popen[bytes]] = []
"""The processes started here, held because Python warns about forgotten children."""


def begin() -> None:
    """Make the folder of a test run; the processes that are started afterwards know it."""
    # Not below pytest's own: the server's ordinary user must reach it, also when the tests run as root.
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="brt-watch-test-")
    folder().chmod(0o755)


def end() -> None:
    """Stop the server, if it was started, and leave nothing behind."""
    if (folder() / "port").exists():
        _server().stop()
    for process in _started:
        process.wait(timeout=30)
    shutil.rmtree(folder())


def folder() -> Path:
    """Return the folder of the test run."""
    return Path(os.environ[FOLDER])


def start() -> Server:
    """Return the server, started as supervisor starts it by whoever is first."""
    with lock.hold(folder() / "server.lock", "server", patience_seconds=120):
        if not (folder() / "port").exists():
            (folder() / "port").write_text(str(free_port()))
            server = _server()
            server.prepare()
            environment = {"BRT_WATCH_DATA": str(server.data), "BRT_WATCH_POSTGRES_PORT": str(server.port)}
            with (folder() / "postgres.log").open("w") as log:
                command = [sys.executable, "-m", "brt_watch", "db", "run"]
                _started.append(subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log))
        server = _server()
        server.wait_until_ready()
        return server


def template(server: Server, name: str, fill: Callable[[SecretStr], object], like: str = "template1") -> str:
    """Return the name of a database, created and filled by the first process that needs it."""
    made = folder() / f"{name}.made"
    with lock.hold(folder() / f"{name}.lock", name, patience_seconds=300):
        if not made.exists():
            fill(create(server, name, like))
            made.touch()
    return name


def create(server: Server, name: str, like: str) -> SecretStr:
    """Make a database like another one, in the place of an older one of its name; returns its address."""
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        # File by file: five times cheaper than by way of the log.
        connection.execute(f"create database {name} template {like} strategy file_copy")
    return SecretStr(server.url.removesuffix("brt_watch") + name)


def _server() -> Server:
    return Server(folder(), int((folder() / "port").read_text()))
