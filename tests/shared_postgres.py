"""One embedded Postgres for all processes of a test run, and the template databases that tests copy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from pydantic import SecretStr

from brt_watch import lock
from brt_watch.store.embedded import Server
from tests.free_port import free_port
from tests.shared_run import PATIENCE_SECONDS, folder, once

NEVER_OUTLIVES_THE_MACHINE = "fsync = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\n"
"""Settings that cost a killed server nothing, only one whose machine fails."""

_started: list[subprocess.Popen[bytes]] = []
"""The processes started here, held because Python warns about forgotten children."""


def stop() -> None:
    """Stop the server, if it was started."""
    if (folder() / "port").exists():
        _server().stop()
    for process in _started:
        process.wait(timeout=30)


def start() -> Server:
    """Return the server, started as supervisor starts it by whoever is first."""
    with lock.hold(folder() / "server.lock", "server", patience_seconds=PATIENCE_SECONDS):
        if not (folder() / "port").exists():
            (folder() / "port").write_text(str(free_port()))
            server = _server()
            server.prepare()
            with (server.folder / "postgresql.conf").open("a") as settings:
                settings.write(NEVER_OUTLIVES_THE_MACHINE)
            environment = {"BRT_WATCH_DATA": str(server.data), "BRT_WATCH_POSTGRES_PORT": str(server.port)}
            with (folder() / "postgres.log").open("w") as log:
                command = [sys.executable, "-m", "brt_watch", "db", "run"]
                _started.append(subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log))
        server = _server()
        server.wait_until_ready()
        return server


def template(
    server: Server, name: str, worker_id: str, fill: Callable[[SecretStr, Path], object], like: str = "template1"
) -> Path:
    """Create a database once in a test run, filled by the first process that needs it; returns the folder of its data.

    Until it is whole it has the name of that process's tests, for which dbt has parsed its project already.
    """

    def make(folder: Path) -> None:
        fill(create(server, of_tests(worker_id), like), folder)
        with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"drop database if exists {name}")
            connection.execute(f"alter database {of_tests(worker_id)} rename to {name}")

    return once(name, make)


def of_tests(worker_id: str) -> str:
    """Return the name of the database of each test of a process: dbt parses its project again for another one."""
    return f"test_{worker_id}"


def create(server: Server, name: str, like: str) -> SecretStr:
    """Make a database like another one, in the place of an older one of its name; returns its address."""
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        # File by file: five times cheaper than by way of the log.
        connection.execute(f"create database {name} template {like} strategy file_copy")
    return SecretStr(server.url.removesuffix("brt_watch") + name)


def _server() -> Server:
    return Server(folder(), int((folder() / "port").read_text()))
