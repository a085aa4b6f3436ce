"""Ten recorded minutes through the whole program, as a user runs it, and counted again straight from the recording.

Then it is checked, broken and mended by hand, stopped, started and killed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import pytest

from brt_watch.capture.silence import BEHIND
from brt_watch.clock import parse_moment
from tests.acceptance.commands import CHECKOUT
from tests.acceptance.conftest import reachable_folder
from tests.acceptance.program import POLL, SPEED, Program, read_csv
from tests.city_data import CITY_DATA
from tests.made_vehicles import recorded_minutes, write_recording

pytestmark = pytest.mark.system

ODD = "dados 50% %(here)s # ; 'ônibus' " + 'na "pasta" ' + 50 * "x"
"""The name of a data folder: with characters special to supervisor's configuration, and too long for a socket."""

CITY = CITY_DATA / "responses" / "brt_2025-06-05.jsonl.gz"


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


@pytest.fixture(scope="module")
def recording() -> Iterator[Path]:
    """Ten answers of the city's API, or generated ones; in each the first vehicle has lost its position."""
    with reachable_folder() as folder:
        recorded = write_recording(folder / "ours.jsonl.gz", recorded_minutes())
        if CITY.exists():
            with gzip.open(CITY) as file, gzip.open(recorded, "w") as broken:
                broken.writelines(re.sub(rb'"latitude":[-0-9.]+', b'"latitude":null', line, count=1) for line in file)
        yield recorded


@pytest.fixture(scope="module")
def program(recording: Path, installed: tuple[str, ...]) -> Iterator[Program]:
    """The program from the wheel, which knows no checkout, for all tests of this file; none needs another one."""
    program = Program(recording.parent / ODD, recording, installed)
    yield program
    program.here("stop")
    program.take_the_api_away()


def loaded(program: Program) -> dict[str, Any]:
    """Start everything and let it run until the recording is loaded and derived, once; returns the status then."""
    if not program.status()["vehicles"]:
        assert "brt-watch runs." in program.start()
        status = program.wait_for(lambda status: status["last_good_poll"], 300)
        assert {each["state"] for each in status["programs"]} == {"RUNNING"}
        assert "runs already" in program.here("start")
        program.wait_for(lambda _: program.shows_vehicles(), 300)
        program.do_without("web")
        program.wait_for(lambda status: status["database"]["windows"] >= 1 and status["vehicles"], 900)
        program.run("flow", "stop")
    return program.status()


def test_ten_recorded_minutes_balance_to_the_record(program: Program, recording: Path) -> None:
    count = Count.of(recording)
    assert len(count.answers) == 10

    done = loaded(program)
    assert done["database"]["rejects"] == sum(
        len(count.answers[row["body_sha256"]]) - len(count.good(row["body_sha256"]))
        for row in program.ledger()
        if row["status"] in ("ok", "late") and row["tick"] <= done["database"]["newest_tick"]
    )

    polls = program.query(
        "select body_sha256, records, rejects from brt_poll where status in ('ok', 'late') order by tick"
    )
    assert {answer for answer, _, _ in polls} == set(count.answers), "every recorded answer was captured"
    for answer, records, rejects in polls:
        assert (records, records + rejects) == (len(count.good(answer)), len(count.answers[answer]))

    assert "agree" in program.here("verify")
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

    assert_every_tick_is_there_once(program.ledger())


def assert_every_tick_is_there_once(ledger: list[dict[str, str]]) -> None:
    ticks = [datetime.fromisoformat(row["tick"].replace("Z", "+00:00")) for row in ledger]
    assert ticks == [ticks[0] + n * POLL for n in range(len(ticks))]


def test_steps_work_by_hand_and_rebuild_what_is_broken(program: Program) -> None:
    """Nothing runs by itself but Postgres. Where a process of its own adds nothing, a command runs in the test's."""
    vehicles = loaded(program)["vehicles"]
    assert "up to date" in program.here("db", "schema")
    # The next window is due by now, or it waits.
    loads = json.loads(program.here("load", "--json"))
    agree = program.here("verify")
    ((signals,),) = program.query("select count(*) from brt_raw")
    assert f"brt_raw    {signals} rows" in agree
    assert "agree" in agree

    windows = program.query('select "window", records, signals from brt_window order by load_id')
    assert {(each["window"], each["records"], each["signals"]) for each in loads} <= set(windows)
    program.query("delete from brt_raw where codigo = (select min(codigo) from brt_raw)")
    differ = program.here("verify", expect=1)
    assert f"{windows[0][0]}: {windows[0][2]} signals loaded" in differ
    would = program.here("rebuild", "--dry-run")
    assert f"{len(windows)} windows would be loaded again, {windows[0][0]} first" in would
    assert program.here("verify", expect=1) == differ, "a dry run changes nothing"
    again = json.loads(program.here("rebuild", "--json"))
    _, records, signals_of = zip(*windows, strict=True)
    assert (again["windows"], again["records"], again["signals"]) == (len(windows), sum(records), sum(signals_of))
    assert program.here("verify") == agree
    assert "CSV of 0 windows deleted" in program.here("archive")

    assert f"generate_view has {vehicles} vehicles" in program.run("transform")
    in_view = "select count(*), count(distinct codigo) from generate_view"
    assert program.run("db", "psql", "-Atc", in_view) == f"{vehicles}|{vehicles}\n"
    assert "local_storage_flow" in program.here("flow", "list")
    with program.running("logs") as followed:
        assert "/logs/capture.log" in followed.readline()


def runs_for(status: dict[str, Any], name: str) -> timedelta:
    """Return how long a program has run, by the real clock."""
    (since,) = [each["since"] for each in status["programs"] if each["name"] == name]
    return datetime.now(timezone.utc) - parse_moment(since) if since else timedelta(0)


def test_stop_and_start_lose_nothing_after_any_crash(program: Program) -> None:
    """An unreachable API does not stop anything either."""
    if not program.status()["last_good_poll"]:
        # The test before this one has not run.
        program.start()
        program.wait_for(lambda status: status["last_good_poll"], 300)
    before = program.ledger()
    assert program.run("stop") == "stopped\n"
    assert program.here("stop") == "nothing was running\n"
    assert program.status()["problems"][0].startswith("brt-watch does not run")

    # A clone goes on with the same data.
    program.program = CHECKOUT
    program.run("start")
    program.do_without("transform", "web")
    ran = {each["name"]: each["pid"] for each in program.status()["programs"] if each["state"] == "RUNNING"}
    assert set(ran) == {"postgres", "capture", "load"}
    psutil.Process(ran["capture"]).kill()
    psutil.Process(ran["postgres"]).kill()
    program.wait_for(
        lambda status: (
            {each["name"] for each in status["programs"] if each["state"] == "RUNNING"} == set(ran)
            and not {each["pid"] for each in status["programs"]} & {ran["capture"], ran["postgres"]}
            and status["database"]
        ),
        300,
    )
    program.wait_for(lambda status: status["last_poll"]["status"] == "ok", 300)

    # And the supervisor itself: its children live on, and a new start takes their place. Now the API is away, too.
    psutil.Process(int((program.data / "run" / "supervisord.pid").read_text())).kill()
    program.take_the_api_away()
    assert "brt-watch runs." in program.run("start")
    assert {each["state"] for each in program.status()["programs"]} == {"RUNNING"}
    program.do_without("transform", "web")
    # Until the new capture has begun, the old one's silence is the problem; then the new one is given some minutes.
    status = program.wait_for(
        lambda status: (
            status["database"]
            and runs_for(status, "capture") > BEHIND / SPEED
            and any("no good answer of the API" in problem for problem in status["problems"])
        ),
        300,
    )
    assert {each["name"] for each in status["programs"] if each["state"] == "RUNNING"} == set(ran)
    assert any("unreachable" in problem or "deadline" in problem for problem in status["problems"]), status["problems"]
    assert "problem" in program.here("status", expect=1)
    assert json.loads(program.here("status", "--json", expect=1)).keys() == status.keys()
    program.here("stop")

    after = program.ledger()
    assert after[: len(before)] == before
    assert_every_tick_is_there_once(after)
    after = after[len(before) :]
    assert {"missed", "failed"} <= {row["status"] for row in after}
    # At this speed a busy machine may let a poll's time end before the connection is refused.
    reasons = {row["reason"] for row in after if row["status"] == "failed"}
    assert "unreachable" in reasons
    others = [row for row in after if row["reason"] not in ("", "unreachable", "deadline", "not_asked", "not_running")]
    assert others == [], "a busy machine may take so long that the API is asked once a minute only"
    rows = sum(len(read_csv(folder, "brt.csv")) for folder in program.windows())
    assert rows == sum(int(row["records"]) for row in program.ledger())
