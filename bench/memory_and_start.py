"""The whole program as a user starts it: how soon the first row is there, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil
from tests.made_vehicles import NOON, write_recording

from bench import rig
from bench.load import REALISTIC
from bench.made_vehicles import Fleet
from bench.rig import Result
from brt_watch.clock import MINUTE
from brt_watch.settings import PREFIX

SPEED = 20
MINUTES = 45
PATIENCE_SECONDS = 600
MEGABYTE = 1_000_000


@dataclass
class Memory:
    """The largest sums of proportional set sizes that were seen, in bytes."""

    python: int = 0
    postgres: int = 0
    together: int = 0
    most_processes: int = 0
    by_process: dict[str, int] = field(default_factory=dict)

    def look(self, data: Path) -> None:
        """Add up the processes of a data folder now."""
        python = postgres = processes = 0
        for process in psutil.process_iter():
            try:
                if not (name := _ours(process, data)):
                    continue
                size = process.memory_full_info().pss
            except psutil.Error:
                continue
            processes += 1
            self.by_process[name] = max(size, self.by_process.get(name, 0))
            if name == "postgres":
                postgres += size
            else:
                python += size
        self.python, self.postgres = max(self.python, python), max(self.postgres, postgres)
        self.together = max(self.together, python + postgres)
        self.most_processes = max(self.most_processes, processes)


def _ours(process: psutil.Process, data: Path) -> str | None:
    """Return the name of a process that works for this data folder, None for all others."""
    if process.name() == "postgres":
        return "postgres" if process.cwd() == str(data / "postgres") else None
    if "python" not in process.name() and "supervisord" not in process.name():
        return None
    words = process.cmdline()
    if "supervisor.supervisord" in words:
        return "supervisor" if str(data / "run" / "supervisord.conf") in words else None
    if process.environ().get(f"{PREFIX}DATA") != str(data) or "replay" in words:
        return None
    return words[-1] if "brt_watch" in words else "helper"


@contextmanager
def program(recording: Path, speed: float) -> Iterator[tuple[Path, dict[str, str]]]:
    """A data folder, and the environment in which the commands capture a replay of the recording into it."""
    with rig.folder() as data:
        port = rig.free_port()
        environment = rig.clean_environment() | {
            f"{PREFIX}DATA": str(data),
            f"{PREFIX}FEED_URL": f"http://127.0.0.1:{port}/gps/brt",
            f"{PREFIX}POSTGRES_PORT": str(rig.free_port()),
            f"{PREFIX}HTTP_PORT": str(rig.free_port()),
            # A load each pretended minute after the window is due: one load and one transform are waited for.
            f"{PREFIX}LOAD_MINUTES": "1",
            f"{PREFIX}CLOCK": f"{NOON.isoformat()}@{time.time():.3f}x{speed:g}",
        }
        command = [sys.executable, "-m", "brt_watch", "replay", str(recording), "--port", str(port)]
        with (data / "replay.log").open("w") as log:
            replay = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield data, environment
        finally:
            _run(environment, "stop")
            replay.terminate()
            replay.wait(timeout=30)


def _run(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "brt_watch", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout


def _has_a_row(data: Path) -> bool:
    return any(file.read_bytes().count(b"\n") > 1 for file in data.glob("windows/*/brt.csv"))


def _start_and_wait_for_a_row(data: Path, environment: dict[str, str], memory: Memory) -> float:
    """Start the program; returns the seconds from the command to the first row of the CSV."""
    started = time.monotonic()
    command = [sys.executable, "-m", "brt_watch", "start"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not _has_a_row(data):
        if time.monotonic() - started > PATIENCE_SECONDS:
            raise TimeoutError("no row came")
        time.sleep(0.05)
    seconds = time.monotonic() - started
    process.wait(timeout=PATIENCE_SECONDS)
    memory.look(data)
    return seconds


def _is_derived(environment: dict[str, str]) -> bool:
    status: dict[str, Any] = msgspec.json.decode(_run(environment, "status", "--json") or "{}")
    return bool(status.get("vehicles"))


def memory_and_start(starts: int = 1) -> Iterator[Result]:
    """Start the whole program N times: seconds to the first row; then the most memory until a load and a dbt run."""
    with rig.folder() as place:
        fleet = Fleet(REALISTIC)
        moments = [NOON - MINUTE + number * timedelta(seconds=20) for number in range(MINUTES * 3)]
        recording = write_recording(place / "ours.jsonl.gz", [(at, fleet.answer(at)) for at in moments])
        times = []
        for _ in range(starts):
            with program(recording, 1) as (data, environment):
                times.append(_start_and_wait_for_a_row(data, environment, Memory()))
        each = ", ".join(f"{seconds:.1f}" for seconds in times)
        what = "from the command to the first row of brt.csv, data folder empty, environment made"
        wait = f"the command is given at :00 and a poll waits for :00, :20 or :40; each: {each}"
        yield Result("start_x1", "s", median(times), None, f"{what}; clock at normal speed: {wait}")
        memory = Memory()
        with program(recording, SPEED) as (data, environment):
            seconds = _start_and_wait_for_a_row(data, environment, memory)
            yield Result(f"start_x{SPEED}", "s", seconds, None, f"{what}; clock {SPEED} times as fast")
            _watch(memory, data, environment)
    parts = ", ".join(f"{name} {size / MEGABYTE:.0f}" for name, size in sorted(memory.by_process.items()))
    note = f"largest sum of PSS of at most {memory.most_processes} processes, through a load and a dbt run"
    yield Result("memory", "MB", memory.together / MEGABYTE, None, note)
    yield Result("memory_python", "MB", memory.python / MEGABYTE, None, f"{note}; the largest process of each: {parts}")
    yield Result("memory_postgres", "MB", memory.postgres / MEGABYTE, None, note)


def _watch(memory: Memory, data: Path, environment: dict[str, str]) -> None:
    """Look at the memory ten times a second, until something is loaded and derived."""
    asked, until = time.monotonic(), time.monotonic() + PATIENCE_SECONDS
    while True:
        memory.look(data)
        if time.monotonic() - asked > 3:
            if _is_derived(environment):
                return
            asked = time.monotonic()
            if asked > until:
                raise TimeoutError("nothing was loaded and derived")
        time.sleep(0.1)
