"""Ten recorded minutes through the whole program, as a user runs it, and counted again straight from the recording."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Program, read_csv
from tests.city_data import CITY_DATA
from tests.fleet import recorded_minutes, write_recording

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


@pytest.fixture
def recording(folder: Path) -> Path:
    """Ten answers of the city's API, or generated ones; in each the first vehicle has lost its position."""
    recorded = write_recording(folder / "ours.jsonl.gz", recorded_minutes())
    if not CITY.exists():
        return recorded
    with gzip.open(CITY) as file, gzip.open(recorded, "w") as broken:
        broken.writelines(re.sub(rb'"latitude":[-0-9.]+', b'"latitude":null', line, count=1) for line in file)
    return recorded


@pytest.fixture
def seconds_until_it_begins() -> int:
    return 45


@pytest.fixture
def how(installed: tuple[str, ...]) -> tuple[str, ...]:
    """A wheel knows no checkout; clones start in other tests."""
    return installed


def test_ten_recorded_minutes_balance_to_the_record(program: Program, recording: Path) -> None:
    count = Count.of(recording)
    assert len(count.answers) == 10

    assert "brt-watch runs." in program.run("start")
    status = program.wait_for(lambda status: status["last_good_poll"], 60)
    assert {each["state"] for each in status["programs"]} == {"RUNNING"}
    assert "runs already" in program.run("start")

    done = program.wait_for(lambda status: status["database"]["windows"] >= 1 and status["vehicles"], 240)
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
