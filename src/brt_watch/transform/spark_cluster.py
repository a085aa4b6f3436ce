"""A Spark cluster on this machine: a standalone master and workers on loopback, as long as they are needed.

What they run comes from the user who started them alone: a secret, in a file that nobody else may read, is asked for by
every process of the cluster. It ends with the process that started it, however that one ends.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from brt_watch import disk
from brt_watch.errors import SparkFailed
from brt_watch.transform.spark import check_installed

START_SECONDS = 300
STOP_SECONDS = 10
LOOPBACK = "127.0.0.1"

GUARDED = """\
trap : TERM
exec 3<&0
(trap : TERM; cat >/dev/null; kill -TERM 0; sleep 10; kill -KILL 0) <&3 &
"$@" </dev/null
kill -KILL 0
"""
"""Runs a program, and ends its process group when standard input closes: then the process that holds the other end has
ended, by whatever signal. The group also ends with the program."""

DEFAULTS = """\
spark.authenticate true
spark.authenticate.secret {secret}
spark.master.rest.enabled false
spark.master.ui.enabled false
spark.worker.ui.enabled false
spark.executor.memory {memory}
"""


@dataclass(frozen=True)
class Cluster:
    """The address of the master, and the processes of the workers."""

    master: str
    workers: list[subprocess.Popen[bytes]]

    def kill(self, number: int) -> None:
        """Kill a worker and all that it runs, as a machine that fails would."""
        with suppress(ProcessLookupError):
            os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()


@contextmanager
def local_cluster(logs: Path, workers: int = 2, memory: str = "1g") -> Iterator[Cluster]:
    """Run a master and workers of one core; raises SparkFailed. A session that is opened meanwhile knows the secret."""
    check_installed()
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="brt-watch-spark-") as work:
        folder = Path(work)
        defaults = folder / "spark-defaults.conf"
        defaults.touch(mode=0o600)
        defaults.write_text(DEFAULTS.format(secret=secrets.token_hex(32), memory=memory))
        # Bound to loopback: without SPARK_LOCAL_IP they would listen everywhere.
        ours = {"SPARK_CONF_DIR": work, "SPARK_LOCAL_IP": LOOPBACK, "SPARK_PUBLIC_DNS": LOOPBACK}
        before = {name: os.environ.get(name) for name in ours}
        started: list[subprocess.Popen[bytes]] = []
        try:
            os.environ.update(ours)
            address = f"spark://{LOOPBACK}:{_free_port()}"
            port = address.rpartition(":")[2]
            started.append(
                _start("master.Master", ["--host", LOOPBACK, "--port", port, "--webui-port", "0"], logs / "master.log")
            )
            _wait(started[0], logs / "master.log", "Starting Spark master")
            for number in range(1, workers + 1):
                log = logs / f"worker-{number}.log"
                arguments = ["--host", LOOPBACK, "--webui-port", "0", "--cores", "1", "--memory", memory]
                started.append(
                    _start("worker.Worker", [*arguments, "--work-dir", f"{work}/worker-{number}", address], log)
                )
            for number, process in enumerate(started[1:], 1):
                _wait(process, logs / f"worker-{number}.log", "Successfully registered with master")
            yield Cluster(address, started[1:])
        finally:
            _stop(started)
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _start(name: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    import pyspark

    home = Path(pyspark.__file__).parent
    program = ["sh", "-c", GUARDED, "sh", str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}"]
    with log.open("wb") as file:
        # A group of its own: a worker starts the executors.
        return subprocess.Popen(
            [*program, *arguments],
            env={**os.environ, "SPARK_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], log: Path, words: str) -> None:
    latest = time.monotonic() + START_SECONDS
    while words not in disk.read(log).decode(errors="replace"):
        if process.poll() is not None or time.monotonic() > latest:
            raise SparkFailed(reason=f"a process of the cluster does not start; see {log}")
        time.sleep(0.2)


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for each in (signal.SIGTERM, signal.SIGKILL):
        running = [process for process in started if process.poll() is None]
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, each)
        latest = time.monotonic() + STOP_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, latest - time.monotonic()))
    for process in started:
        if process.stdin:
            process.stdin.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
