"""What the benchmarks share: a result and its line, a stop-watch, a temporary folder, a temporary Postgres."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg
from pydantic import SecretStr

from brt_watch.settings import PREFIX, Settings
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server

NO_PANDAS = "plain was not run, pandas is missing: uv pip install pandas sqlalchemy"


@dataclass(frozen=True)
class Result:
    """Our figure beside that of the plain way, both from the same run; `ratio` is ours / plain."""

    name: str
    unit: str
    ours: float
    plain: float | None
    note: str

    def line(self) -> str:
        """Return the result as a line of JSON."""
        ratio = _rounded(self.ours / self.plain) if self.plain else None
        values = {**asdict(self), "ours": _rounded(self.ours), "plain": self.plain and _rounded(self.plain)}
        note = values.pop("note")
        return json.dumps({**values, "ratio": ratio, "note": note}, ensure_ascii=False)


def _rounded(number: float) -> float:
    return float(f"{number:.3g}") if abs(number) < 1000 else round(number)


@dataclass(frozen=True)
class Took:
    """How long something took: wall-clock time, and processor time of this process (and a server), in milliseconds."""

    wall: float
    processor: float


def timed(action: Callable[[], Any], server: Server | None = None) -> Took:
    """Do it and say how long it took, with the processor time of a server where one is given."""
    of_server = server_processor(server) if server else 0.0
    wall, processor = time.perf_counter(), time.process_time()
    action()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    of_server = server_processor(server) - of_server if server else 0.0
    return Took(wall * 1000, (processor + of_server) * 1000)


def wall(times: list[Took]) -> float:
    """Return the median wall-clock time in milliseconds."""
    return median(took.wall for took in times)


def processor(times: list[Took]) -> float:
    """Return the median of the processor time, in milliseconds."""
    return median(took.processor for took in times)


def pandas() -> Any:
    """Return pandas, None when it is not installed: it is only measured against, and not in the lock."""
    try:
        import pandas
        import sqlalchemy  # noqa: F401 (pandas writes to Postgres by it)
    except ImportError:
        return None
    return pandas


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the server's ordinary user can reach, also when this runs as root."""
    path = Path(tempfile.mkdtemp(prefix="brt-watch-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres() -> Iterator[Server]:
    """The embedded Postgres in a temporary folder, started as supervisor starts it."""
    with folder() as data:
        server = Server(data, free_port())
        server.prepare()
        ours = {f"{PREFIX}DATA": str(data), f"{PREFIX}POSTGRES_PORT": str(server.port)}
        with (data / "postgres.log").open("w") as log:
            command = [sys.executable, "-m", "brt_watch", "db", "run"]
            process = subprocess.Popen(command, env=clean_environment() | ours, stdout=log, stderr=log)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()
            process.wait(timeout=60)


def server_processor(server: Server) -> float:
    """Return the seconds of processor time that Postgres has taken so far, on all cores, ended connections included."""
    parent = psutil.Process(server.pid())
    own = parent.cpu_times()
    taken = own.user + own.system + own.children_user + own.children_system
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            taken += sum(child.cpu_times()[:2])
    return taken


def clean_environment() -> dict[str, str]:
    """Return the environment without our settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def new_database(server: Server, name: str) -> SecretStr:
    """Make a database with our tables; returns its address."""
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = SecretStr(server.url.removesuffix("brt_watch") + name)
    Store(Settings(data=server.data, database_url=url)).apply_schema()
    return url


def machine() -> str:
    """Return what all this ran on, as a line of JSON."""
    described: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": psutil.cpu_count(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgres": _postgres_version(),
    }
    if found := pandas():
        described["pandas"] = found.__version__
    return json.dumps({"machine": described})


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _postgres_version() -> str:
    program = Server(Path(tempfile.gettempdir()), 0).programs / "postgres"
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
