"""Ten recorded minutes through the whole program, as a user runs it, and counted again straight from the recording.

The commands, supervisor, Postgres, Prefect's flows and dbt are the real ones; the clock runs 20 times as fast.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import zstandard

from tests.acceptance.commands import Commands
from tests.fleet import recorded_minutes, write_recording
from tests.free_port import free_port

SPEED = 20
CITY = Path(__file__).parents[3] / "shared" / "data" / "responses" / "brt_2025-06-05.jsonl.gz"


class Program(Commands):
    """brt-watch on a data folder of its own, capturing a recording that is being replayed."""

    def __init__(self, data: Path, recording: Path, seconds_until_it_begins: int) -> None:
        port = free_port()
        super().__init__(
            data,
            BRT_WATCH_FEED_URL=f"http://127.0.0.1:{port}/gps/brt",
            BRT_WATCH_POSTGRES_PORT=str(free_port()),
            BRT_WATCH_HTTP_PORT=str(free_port()),
            BRT_WATCH_LOAD_MINUTES="3",
            # The window begins some minutes before the recording does, and is to have all of it.
            BRT_WATCH_WINDOW_MINUTES="16",
        )
        # Made before the clock of the recording begins to run.
        self.run("db", "start")
        with gzip.open(recording) as file:
            first = datetime.fromisoformat(json.loads(file.readline())["captured_at"])
        self.environment["BRT_WATCH_CLOCK"] = f"{first.isoformat()}@{time.time() + seconds_until_it_begins:.0f}x{SPEED}"
        command = [sys.executable, "-m", "brt_watch", "replay", str(recording), "--port", str(port)]
        self.replay = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def status(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "brt_watch", "status", "--json"]
        return dict(json.loads(subprocess.run(command, env=self.environment, capture_output=True).stdout))

    def wait_for(self, what: Callable[[dict[str, Any]], Any], seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while not what(status := self.status()):
            assert time.monotonic() < until, f"{json.dumps(status, indent=1)}\n{self.logs()}"
            time.sleep(1)
        return status

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.run("db", "url").strip()) as connection:
            return connection.execute(sql).fetchall()

    def ledger(self) -> list[dict[str, str]]:
        return [row for folder in self.windows() for row in read_csv(folder, "polls.csv")]

    def windows(self) -> list[Path]:
        return sorted([*self.data.glob("windows/*"), *self.data.glob("archive/*/*")], key=lambda folder: folder.name)


def read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a file of a window, which is packed when the window was loaded."""
    packed = folder / f"{name}.zst"
    data = zstandard.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.fixture(params=["ours"])
def recording(request: pytest.FixtureRequest, folder: Path) -> Path:
    return CITY if request.param == "the city's" else write_recording(folder / "ours.jsonl.gz", recorded_minutes())


@pytest.fixture(params=[0])
def program(request: pytest.FixtureRequest, folder: Path, recording: Path) -> Iterator[Program]:
    program = Program(folder / "data", recording, request.param)
    yield program
    program.run("stop")
    program.replay.terminate()
    program.replay.wait()


@dataclass
class Count:
    """What a recording holds, counted without any code of brt-watch."""

    answers: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, recording: Path) -> Count:
        answers = {}
        with gzip.open(recording) as file:
            for line in file:
                text = line.rstrip()[line.index(b'"body":') + len(b'"body":') : -1]
                answers[hashlib.sha256(text).hexdigest()] = json.loads(text)["veiculos"]
        return cls(answers)

    def good(self, answer: str) -> list[dict[str, Any]]:
        return [record for record in self.answers[answer] if record["latitude"] is not None]

    def signals(self) -> set[tuple[str, int]]:
        return {(record["codigo"], record["dataHora"]) for answer in self.answers for record in self.good(answer)}

    def latest(self) -> list[tuple[str, float, float, float, datetime]]:
        newest: dict[str, dict[str, Any]] = {}
        for answer in self.answers:
            for record in self.good(answer):
                known = newest.get(record["codigo"])
                if known is None or record["dataHora"] > known["dataHora"]:
                    newest[record["codigo"]] = record
        return sorted(
            (
                record["codigo"],
                record["latitude"],
                record["longitude"],
                record["velocidade"],
                datetime.fromtimestamp(record["dataHora"] / 1000, timezone.utc),
            )
            for record in newest.values()
        )


# Ten true minutes of the city's API, where there are any; ten of our own making everywhere else.
@pytest.mark.parametrize("recording", ["the city's" if CITY.exists() else "ours"], indirect=True)
@pytest.mark.parametrize("program", [20], indirect=True)
def test_ten_recorded_minutes_balance_to_the_record(program: Program, recording: Path) -> None:
    count = Count.of(recording)
    assert len(count.answers) == 10

    started = time.monotonic()
    assert "brt-watch runs." in program.run("start")
    status = program.wait_for(lambda status: status["last_good_poll"], 45)
    assert time.monotonic() - started < 60
    assert {each["state"] for each in status["programs"]} == {"RUNNING"}
    assert "runs already" in program.run("start")

    done = program.wait_for(lambda status: status["database"]["windows"] >= 1 and status["vehicles"], 150)
    assert done["database"]["rejects"] == sum(
        len(count.answers[row["body_sha256"]]) - len(count.good(row["body_sha256"]))
        for row in program.ledger()
        if row["status"] in ("ok", "late") and row["tick"] <= done["database"]["newest_tick"]
    )
    program.run("flow", "stop")

    polls = program.query(
        "select body_sha256, records, rejects from brt_poll where status in ('ok', 'late') order by tick"
    )
    assert {answer for answer, _, _ in polls} == set(count.answers), "every recorded answer was captured"
    for answer, records, rejects in polls:
        assert (records, records + rejects) == (len(count.good(answer)), len(count.answers[answer]))

    assert "agree" in program.run("verify")
    (window,) = sorted(program.data.glob("archive/*/*"))[:1]
    manifest = json.loads((window / "manifest.json").read_text())
    in_csv = read_csv(window, "brt.csv")
    assert manifest["captured_minutes"] >= 10
    assert len(in_csv) == manifest["records"]
    assert len({row["captured_at"][:16] for row in in_csv}) == manifest["captured_minutes"]
    assert [sum(column) for column in zip(*program.query("select records, signals from brt_window"), strict=True)] == [
        sum(records for _, records, _ in polls),
        len(count.signals()),
    ]

    rows = program.query("select codigo, (extract(epoch from datahora) * 1000)::bigint from brt_raw")
    assert len(rows) == len(count.signals())
    assert set(rows) == count.signals()
    view = program.query("select codigo, latitude, longitude, velocidade, datahora from generate_view")
    assert sorted(view) == count.latest()

    ticks = [datetime.fromisoformat(row["tick"].replace("Z", "+00:00")) for row in program.ledger()]
    assert ticks == [ticks[0] + n * timedelta(seconds=20) for n in range(len(ticks))], "every tick, once"


def test_stop_and_start_lose_nothing_and_no_crash_of_a_part_is_in_the_way(program: Program, recording: Path) -> None:
    program.run("start")
    program.wait_for(lambda status: status["last_good_poll"], 45)
    before = program.ledger()
    assert program.run("stop") == "stopped\n"
    assert program.run("stop") == "nothing was running\n"
    assert program.status()["problems"][0].startswith("brt-watch does not run")

    program.run("start")
    ran = {each["name"]: each["pid"] for each in program.status()["programs"]}
    psutil.Process(ran["capture"]).kill()
    psutil.Process(ran["postgres"]).kill()
    program.wait_for(
        lambda status: (
            {each["state"] for each in status["programs"]} == {"RUNNING"}
            and not {each["pid"] for each in status["programs"]} & {ran["capture"], ran["postgres"]}
            and status["database"]
        ),
        30,
    )
    # And the supervisor itself: its children live on, and a new start takes their place.
    psutil.Process(int((program.data / "run" / "supervisord.pid").read_text())).kill()
    assert "brt-watch runs." in program.run("start")
    program.wait_for(lambda status: status["database"] and status["last_poll"]["status"] == "ok", 30)
    program.run("stop")

    after = program.ledger()
    assert after[: len(before)] == before
    ticks = [datetime.fromisoformat(row["tick"].replace("Z", "+00:00")) for row in after]
    assert ticks == [ticks[0] + n * timedelta(seconds=20) for n in range(len(ticks))], "every tick, once"
    assert "missed" in {row["status"] for row in after}
    rows = sum(len(read_csv(folder, "brt.csv")) for folder in program.windows())
    assert rows == sum(int(row["records"]) for row in after)


def test_while_the_api_cannot_be_reached_the_system_stays_up_and_says_so(program: Program) -> None:
    program.replay.terminate()
    program.replay.wait()
    program.run("start")
    status = program.wait_for(lambda status: status["polls_since_good"] >= 3, 30)
    assert {each["state"] for each in status["programs"]} == {"RUNNING"}
    (problem,) = status["problems"]
    assert "gives no good answer" in problem
    assert "unreachable" in problem
    assert "problem" in program.run("status", expect=1)
    # At this speed a busy machine may let a poll's time end before the connection is refused.
    reasons = {row["reason"] for row in program.ledger() if row["status"] == "failed"}
    assert "unreachable" in reasons
    assert reasons <= {"unreachable", "deadline"}


def test_the_same_steps_go_by_hand(program: Program) -> None:
    program.environment.pop("BRT_WATCH_CLOCK")
    # By hand there is no hurry, and the replay stays at the end of its recording.
    assert "up to date" in program.run("db", "schema")
    assert "nothing to load" in program.run("load")
    poll = json.loads(program.run("capture", "--once", "--json"))
    assert (poll["status"], poll["records"]) in {("ok", 60), ("late", 60)}
    assert "1 captured minutes" in program.run("load")
    assert "generate_view has 0 vehicles" in program.run("transform")
    assert "agree" in program.run("verify")
    assert "CSV of 0 windows deleted" in program.run("archive")
    assert "0 windows" in program.run("rebuild", "--dry-run")
    assert "(0 rows)" in program.run("db", "psql", "-c", "select * from generate_view")
    assert "local_storage_flow" in program.run("flow", "list")
    program.run("db", "stop")
