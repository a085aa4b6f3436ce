"""The proof by killing: the real steps on real files and a real Postgres, ended by SIGKILL at random moments.

A process of a step is forked from a server that has imported everything already, so that a kill lands in the work and
not in the start of Python. What is on the disk is read here with the csv module, and with no code of brt-watch.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import structlog
import zstandard

from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import PretendClock
from brt_watch.errors import DatabaseUnreachable, PostgresFailed
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.store.embedded import Server
from tests.free_port import free_port
from tests.made_vehicles import NOON, body, vehicle

VEHICLES = 60
SPEED = 100
STEP = timedelta(seconds=10)
PATH = "/gps/brt"
GOOD = ("ok", "late")
UNREACHABLE = 3

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["brt_watch.pipeline", "tests.torture"])


# -- the API --------------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """An answer of the API: no other one has any of its signals, because their timestamps encode its number."""

    number: int
    asked_at: datetime
    complete: bool = False

    @property
    def body(self) -> bytes:
        stamp = int(NOON.timestamp()) * 1000 + self.number
        fleet = [vehicle(str(901000 + n), dataHora=stamp, hodometro=self.number) for n in range(VEHICLES)]
        return body(*fleet, vehicle("901999", latitude=None))

    @property
    def signals(self) -> set[tuple[str, int]]:
        return {
            (record["codigo"], record["dataHora"])
            for record in json.loads(self.body)["veiculos"]
            if record["latitude"] is not None
        }


class NumberedApi(ThreadingHTTPServer):
    """The API on loopback: every answer is another one, and it is written down whether it was sent completely."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.refused: list[str] = []
        self.asked = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def new_answer(self) -> Answer:
        with self._lock:
            self.answers.append(Answer(len(self.answers), datetime.now(timezone.utc)))
            self.asked.set()
            return self.answers[-1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed in the middle."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: NumberedApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != PATH:
            self.server.refused.append(self.requestline)
            return self.send_error(404)
        answer = self.server.new_answer()
        data = answer.body
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        # In pieces, so that a kill can find the client with a part of an answer.
        for start in range(0, len(data), 4096):
            self.wfile.write(data[start : start + 4096])
            time.sleep(0.001)
        answer.complete = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.server.refused.append(f"{code} {self.requestline}")
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `answers` records the requests."""


# -- the processes that are killed ----------------------------------------------------------------------------------


def keep_capturing(values: dict[str, Any], log: Path) -> None:
    """What `brt-watch capture` does."""
    resources = _resources(values, log)
    for tick in next_ticks(resources):
        pipeline.capture(tick, resources)


def load_once(values: dict[str, Any], log: Path) -> None:
    """What `brt-watch load` does."""
    resources = _resources(values, log)
    try:
        for folder in pipeline.windows_to_load(resources):
            pipeline.load(folder, resources)
    except DatabaseUnreachable:
        sys.exit(UNREACHABLE)


def _resources(values: dict[str, Any], log: Path) -> Resources:
    # A traceback goes to the log too.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(log.open("a", buffering=1)),
    )
    return Resources.from_settings(Settings(**values))


@dataclass
class Torture:
    """A capture that always runs, loads, and a Postgres, in a folder of their own; each of them is killed."""

    data: Path
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    left_behind: Counter[str] = field(default_factory=Counter)
    durable: set[str] = field(default_factory=set)
    """The SHA-256 of every answer that a kill of the capture found in a raw file or in a good line of the ledger."""

    def __post_init__(self) -> None:
        self.api = NumberedApi()
        self.server = Server(self.data, free_port())
        self.server.prepare()
        self.log = self.data / "torture.log"
        self.postgres = self._postgres()
        self._wait_for_postgres()
        self.values: dict[str, Any] = {
            "data": str(self.data),
            "feed_url": self.api.url,
            "database_url": "",
            "postgres_port": self.server.port,
            "poll_seconds": int(STEP.total_seconds()),
            "window_minutes": 10,
            "clock": f"{NOON.isoformat()}@{time.time():.3f}x{SPEED}",
        }
        self.capture = self._start(keep_capturing)

    def run(self, kills: int) -> None:
        """Kill that many times, in random order: most often the capture, because only it holds new data."""
        kinds = ["capture"] * (kills * 2 // 3) + ["load"] * (kills // 5)
        kinds += ["postgres"] * (kills - len(kinds))
        self.chance.shuffle(kinds)
        kill = {"capture": self.kill_capture, "load": self.kill_load, "postgres": self.kill_postgres}
        while kinds:
            # A load, and Postgres under it, is killed when there is something to load.
            kind = next((kind for kind in kinds if kind == "capture" or self.waiting()), None)
            if kind is None:
                self._wait(self.waiting, "a closed window")
            elif kill[kind]():
                kinds.remove(kind)
                self.kills[kind] += 1

    def kill_capture(self) -> bool:
        if captured_minutes(self.data) >= 10:
            # When the next window begins: that comes seldom, and holds the most steps.
            begun = set(folders(self.data))
            self._wait(lambda: set(folders(self.data)) - begun, "a new window")
            time.sleep(self.chance.uniform(0, 0.03))
        elif self.chance.random() < 0.75:
            # A few milliseconds after the API was asked: most steps of a poll are there.
            self.api.asked.clear()
            assert self.api.asked.wait(30), self._said("no poll came")
            time.sleep(self.chance.uniform(0, 0.02))
        else:
            time.sleep(self.chance.uniform(0, 0.5))
        self._end_capture()
        self.left_behind.update(left_behind(self.data / "windows"))
        self.durable |= stored_answers(self.data / "windows")
        self.capture = self._start(keep_capturing)
        return True

    def kill_load(self) -> bool:
        """Kill a load; false when it was done before."""
        load = self._start(load_once)
        load.join(self.chance.uniform(0.02, 0.12))
        load.kill()
        load.join()
        assert load.exitcode in (0, -9), self._said(f"a load ended with {load.exitcode}")
        return load.exitcode == -9

    def kill_postgres(self) -> bool:
        """Kill Postgres during a load, which reports it or completes."""
        load = self._start(load_once)
        load.join(self.chance.uniform(0.02, 0.12))
        assert self.postgres.poll() is None, self._said("Postgres ended by itself")
        self.postgres.kill()
        self.postgres.wait()
        load.join(30)
        assert load.exitcode in (0, UNREACHABLE), self._said(f"a load ended with {load.exitcode}")
        self.left_behind["loads without their Postgres"] += load.exitcode == UNREACHABLE
        self.postgres = self._postgres()
        self._wait_for_postgres()
        return True

    def come_to_rest(self) -> None:
        """Let the capture fill its window, stop it, and load everything with the user's command."""
        self._wait(lambda: captured_minutes(self.data) >= 10, "ten captured minutes")
        self._end_capture()
        settings = {f"BRT_WATCH_{name.upper()}": str(value) for name, value in self.values.items()}
        until = time.monotonic() + 60
        while list((self.data / "windows").glob("*Z")):
            assert time.monotonic() < until, self._said("not everything could be loaded")
            subprocess.run(
                [sys.executable, "-m", "brt_watch", "load"], env=os.environ | settings, check=True, capture_output=True
            )

    def stop(self) -> None:
        self.capture.kill()
        self.capture.join()
        self.server.stop()
        self.postgres.wait(timeout=60)
        self.api.shutdown()
        self.api.server_close()

    def waiting(self) -> bool:
        return any((self.data / "windows").glob("*Z/manifest.json"))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log events with that name; a line cut off by a kill is left out."""
        lines = [line for line in self.log.read_text().splitlines() if f'"event": "{name}"' in line]
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def _start(self, step: Callable[..., None]) -> Any:
        process = processes.Process(target=step, args=(self.values, self.log), daemon=True)
        process.start()
        return process

    def _end_capture(self) -> None:
        assert self.capture.is_alive(), self._said("the capture ended by itself")
        self.capture.kill()
        self.capture.join()

    def _postgres(self) -> subprocess.Popen[bytes]:
        environment = {"BRT_WATCH_DATA": str(self.data), "BRT_WATCH_POSTGRES_PORT": str(self.server.port)}
        with (self.data / "postgres.log").open("ab") as log:
            command = [sys.executable, "-m", "brt_watch", "db", "run"]
            return subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)

    def _wait_for_postgres(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                return self.server.wait_until_ready(1)
            except PostgresFailed:
                assert time.monotonic() < until, (self.data / "postgres.log").read_text()[-3000:]
                # It does not start while something of the killed one still lives; supervisor too starts it again.
                if self.postgres.poll() is not None:
                    self.postgres = self._postgres()

    def _wait(self, for_what: Callable[[], Any], named: str) -> None:
        until = time.monotonic() + 60
        while not for_what():
            assert self.capture.is_alive(), self._said("the capture ended by itself")
            assert time.monotonic() < until, self._said(f"{named} did not come")
            time.sleep(0.005)

    def _said(self, problem: str) -> str:
        return f"{problem}\n{self.log.read_text()[-5000:]}"


# -- what is on the disk --------------------------------------------------------------------------------------------


def folders(parent: Path) -> list[Path]:
    """Return all windows below a folder, the oldest first."""
    return sorted((path.parent for path in parent.glob("**/raw")), key=lambda folder: folder.name)


def read(folder: Path, name: str) -> bytes:
    """Return a file of a window, possibly compressed in the archive."""
    if (folder / name).exists():
        return (folder / name).read_bytes()
    packed = folder / f"{name}.zst"
    return unpacked(packed.read_bytes()) if packed.exists() else b""


def unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def ledger(folder: Path) -> list[dict[str, str]]:
    """Return the whole lines of a ledger."""
    data = read(folder, "polls.csv")
    header, *lines = rows(data[: data.rfind(b"\n") + 1]) or [[]]
    return [dict(zip(header, line, strict=True)) for line in lines]


def raw_answers(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each stored answer, by the tick in its file's name."""
    return {
        path.name.removesuffix(".json.zst"): hashlib.sha256(unpacked(path.read_bytes())).hexdigest()
        for path in (folder / "raw").glob("*.json.zst")
    }


def stored_answers(parent: Path) -> set[str]:
    """Return the SHA-256 of every answer in a raw file or in a good line of a ledger."""
    found = set()
    for folder in folders(parent):
        found |= {line["body_sha256"] for line in ledger(folder) if line["status"] in GOOD}
        found |= set(raw_answers(folder).values())
    return found


def captured_minutes(data: Path) -> int:
    """Return how many minutes the open window has, 0 when there is none."""
    for folder in folders(data / "windows"):
        if not (folder / "manifest.json").exists():
            return len({line["tick"][:16] for line in ledger(folder) if line["status"] in GOOD})
    return 0


def left_behind(windows: Path) -> list[str]:
    """Return the half-done remains of a dead capture."""
    found = []
    for folder in windows.glob("*Z"):
        if (folder / "manifest.json").exists():
            continue
        lines = ledger(folder)
        if not lines:
            found.append("windows without a line")
        if lines and not read(folder, "polls.csv").endswith(b"\n"):
            found.append("torn ledgers")
        if lines and len(read(folder, "brt.csv")) > int(lines[-1]["csv_bytes"]):
            found.append("records without their line")
        if len(list((folder / "raw").glob("*.json.zst"))) > sum(bool(line["raw"]) for line in lines):
            found.append("answers without their line")
    return found


# -- the count ------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """The API's answers, the files on disk and the rows in Postgres, side by side."""

    torture: Torture
    answers: dict[str, Answer]
    stored: set[str]
    windows: list[Path]
    ledger: list[dict[str, str]]
    polls: dict[datetime, dict[str, Any]]
    signals: list[tuple[str, int]]
    rejects: int

    @classmethod
    def of(cls, torture: Torture) -> Count:
        windows = folders(torture.data / "windows") + folders(torture.data / "archive")
        with psycopg.connect(torture.server.url, row_factory=psycopg.rows.dict_row) as connection:
            polls = connection.execute("select tick, status, records, rejects, signals from brt_poll").fetchall()
            signals = connection.execute(
                "select codigo, (extract(epoch from datahora) * 1000)::bigint as stamp from brt_raw"
            ).fetchall()
            rejects = connection.execute("select from brt_reject").rowcount
        return cls(
            torture,
            {hashlib.sha256(answer.body).hexdigest(): answer for answer in torture.api.answers},
            torture.durable | stored_answers(torture.data),
            windows,
            [line for folder in windows for line in ledger(folder)],
            {poll["tick"]: poll for poll in polls},
            [(row["codigo"], row["stamp"]) for row in signals],
            rejects,
        )

    @property
    def stored_signals(self) -> set[tuple[str, int]]:
        return {signal for sha256 in self.stored for signal in self.answers[sha256].signals}

    @property
    def good(self) -> list[dict[str, str]]:
        return [line for line in self.ledger if line["status"] in GOOD]

    @property
    def not_stored(self) -> list[Answer]:
        """The answers that were sent completely, and are nowhere."""
        return [answer for sha256, answer in self.answers.items() if answer.complete and sha256 not in self.stored]

    @property
    def given_up(self) -> list[Answer]:
        """Those for which the capture stopped waiting, and recorded that in the ledger."""
        clock = PretendClock(self.torture.values["clock"])
        failed = {moment(line["tick"]) for line in self.ledger if line["status"] == "failed"}
        asked = {answer.number: clock.from_real(answer.asked_at) for answer in self.not_stored}
        return [
            answer
            for answer in self.not_stored
            if any(tick <= asked[answer.number] < on_grid(tick) + STEP for tick in failed)
        ]

    @property
    def ticks(self) -> list[datetime]:
        return sorted(moment(line["tick"]) for line in self.ledger)

    @property
    def between_ticks(self) -> list[datetime]:
        """The polls that differ by microseconds only: asked a second time in the time of a tick."""
        return [tick for tick in self.ticks if tick != on_grid(tick)]

    @property
    def not_once(self) -> list[datetime]:
        """The ticks of the grid that the ledger has twice, or not at all."""
        kept = Counter(tick for tick in self.ticks if tick == on_grid(tick))
        first, last = min(kept), max(kept)
        grid = [first + n * STEP for n in range((last - first) // STEP + 1)]
        return [tick for tick in grid if kept[tick] != 1]

    def __str__(self) -> str:
        stored, there = self.stored_signals, set(self.signals)
        kinds = Counter(line["status"] for line in self.ledger)
        lines = sum(len(rows(read(folder, "brt.csv"))) - 1 for folder in self.windows)
        answers, not_stored, given_up = self.torture.api.answers, len(self.not_stored), len(self.given_up)
        return "\n".join(
            [
                f"kills    {self.torture.kills.total()}: {_list(self.torture.kills)}",
                f"         they left {_list(self.torture.left_behind)}",
                f"         after them {len(self.torture.events('capture.answer_recorded'))} answers were taken up, and "
                f"{sum(load['again'] for load in self.torture.events('load'))} windows found loaded already",
                f"answers  {len(answers)}, of them {sum(answer.complete for answer in answers)} sent completely, "
                f"{len(self.stored)} written down; {not_stored - given_up} complete ones died with the process before "
                f"it wrote them, {given_up} were given up (failed in the ledger)",
                f"signals  {len(stored)} written down, {len(there)} in brt_raw: "
                f"{len(stored - there)} lost, {len(self.signals) - len(there)} doubled, "
                f"{len(there - stored)} from nowhere",
                f"records  {lines} in {len(self.windows)} CSV, "
                f"{sum(int(line['records']) for line in self.good)} in the ledger, "
                f"{sum(poll['records'] for poll in self.polls.values())} in brt_poll",
                f"ticks    {len(self.ticks)}, {_list(kinds)}; "
                f"of the grid {len(self.not_once)} not exactly once, {len(self.between_ticks)} asked a second time",
            ]
        )


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def on_grid(tick: datetime) -> datetime:
    return tick - (tick - NOON) % STEP
