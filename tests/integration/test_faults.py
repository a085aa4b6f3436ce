"""A good poll, each kind of fault, a good poll: the resulting ledger and CSV."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx
import pytest

from brt_watch import pipeline
from brt_watch.capture.fetch import Client
from brt_watch.capture.poll import MARGIN
from brt_watch.capture.window import CSV, REJECTS, read_ledger, read_raw
from brt_watch.clock import Clock
from brt_watch.feeds.record import Record
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.simulate.fault_kinds import FAULTS, good
from tests.faults import FaultyApi
from tests.made_vehicles import NOON, body, vehicle


class Expected(NamedTuple):
    """The expected ledger line of a fault."""

    status: str
    reason: str = ""
    records: int = 0
    rejects: int = 0
    kept: bool = False
    """Whether the answer lies in raw."""
    tries_on: bool = False
    """Whether it is retried until the deadline, so that the clock has to run fast."""


def passing(reason: str) -> Expected:
    return Expected("failed", reason, tries_on=True)


def final(reason: str) -> Expected:
    return Expected("failed", reason)


def not_the_contract(reason: str) -> Expected:
    return Expected("failed", reason, kept=True)


def no_good_record(rejects: int) -> Expected:
    return Expected("failed", "no_good_record", 0, rejects, kept=True)


def answered(records: int, rejects: int = 0) -> Expected:
    return Expected("ok", "", records, rejects, kept=True)


EXPECTED = {
    "http_500": passing("http_500"),
    "http_502": passing("http_502"),
    "http_503": passing("http_503"),
    "http_429": passing("http_429"),
    "silence_before_the_head": passing("timeout"),
    "silence_in_the_head": passing("timeout"),
    "silence_in_the_body": passing("timeout"),
    "head_that_drips": passing("deadline"),
    "body_that_drips": passing("deadline"),
    "reset_before_the_answer": passing("broken_off"),
    "reset_in_the_body": passing("broken_off"),
    "closed_without_an_answer": passing("broken_off"),
    "length_too_long": passing("broken_off"),
    "two_lengths": passing("broken_off"),
    "chunks_cut_off": passing("broken_off"),
    "chunk_of_nonsense": passing("broken_off"),
    "not_http": passing("broken_off"),
    "head_without_end": passing("broken_off"),
    "redirect_to_nonsense": passing("broken_off"),
    "redirect_to_another_protocol": passing("broken_off"),
    "redirect_to_nobody": passing("unreachable"),
    "http_404": final("http_404"),
    "http_403": final("http_403"),
    "http_204": final("http_204"),
    "http_206": final("http_206"),
    "http_304": final("http_304"),
    "gzip_broken": final("broken_off"),
    "gzip_with_a_wrong_sum": final("broken_off"),
    "gzip_bomb": final("too_long"),
    "body_over_the_limit": final("too_long"),
    "body_without_end": final("too_long"),
    "redirect_loop": final("redirects"),
    "redirect_without_an_address": final("http_302"),
    "html": not_the_contract("not_json"),
    "empty_body": not_the_contract("not_json"),
    "utf16": not_the_contract("not_json"),
    "byte_order_mark": answered(2),
    "length_too_short": not_the_contract("broken_json"),
    "http_1_0_cut_off": not_the_contract("broken_json"),
    "gzip_cut_off": final("broken_off"),
    "two_answers_in_one": not_the_contract("broken_json"),
    "half_a_surrogate_pair": no_good_record(rejects=2),
    "nan": no_good_record(rejects=2),
    "infinity": no_good_record(rejects=2),
    "deeply_nested": no_good_record(rejects=2),
    "list_outside": not_the_contract("not_the_contract"),
    "text_outside": not_the_contract("not_the_contract"),
    "object_for_the_list": not_the_contract("not_the_contract"),
    "missing_list": not_the_contract("not_the_contract"),
    "renamed_list": not_the_contract("not_the_contract"),
    "empty_list": not_the_contract("empty_list"),
    "null_in_the_list": answered(2, rejects=1),
    "only_nulls_in_the_list": no_good_record(rejects=2),
    "wrong_inner_types": answered(1, rejects=4),
    "invalid_utf8": no_good_record(rejects=2),
    "number_beyond_doubles": no_good_record(rejects=2),
    "everything_is_text": no_good_record(rejects=2),
    "duplicate_codes": answered(4),
    "duplicate_keys": answered(2),
    "stamps_in_the_future": answered(2),
    "stamps_backward": answered(2),
    "stamps_in_seconds": answered(2),
    "stamps_in_microseconds": no_good_record(rejects=2),
    "same_answer_with_blanks": answered(2),
    "http_1_0_without_length": answered(2),
    "chunks_of_one_byte": answered(2),
    "redirect_elsewhere": answered(2),
    "wrong_content_type": answered(2),
    "type_changed": answered(2),
    "new_field": answered(2),
    "field_gone": answered(2),
    "fleet_halved": answered(1),
    "frozen": answered(2),
}

STEP = timedelta(seconds=20)
TICKS = [NOON, NOON + STEP, NOON + 2 * STEP]
SPEED = 25
SLACK_SECONDS = 10
"""Real time that a busy machine may need on top of the deadline, to write it down."""
MAX_BYTES = 1_000_000


class FastClock(Clock):
    """A clock that leaps over the time between the polls, and runs at a given speed inside one."""

    def __init__(self) -> None:
        self._set(NOON, 1.0)

    def _set(self, moment: datetime, speed: float) -> None:
        self.speed = speed
        self._shows, self._since = moment, time.monotonic()

    def run_at(self, speed: float) -> None:
        self._set(self.now(), speed)

    def now(self) -> datetime:
        return self._shows + timedelta(seconds=time.monotonic() - self._since) * self.speed

    def leap_to(self, moment: datetime) -> None:
        self._set(moment, self.speed)

    def sleep_until(self, moment: datetime) -> None:
        self.leap_to(max(moment, self.now()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FastClock:
    # The patience of the feed is in seconds of the wall, so it has to shrink as the clock's do.
    clock, timeout = FastClock(), httpx.Timeout
    monkeypatch.setattr(
        "brt_watch.capture.fetch.httpx.Timeout",
        lambda silence, connect: timeout(10 / clock.speed, connect=5 / clock.speed),
    )
    return clock


@pytest.fixture
def resources(make_resources: Callable[..., Resources], faulty_api: FaultyApi, clock: FastClock) -> Resources:
    """Everything as it really is, but for the clock; without a database, as nothing is loaded."""
    return replace(make_resources(), clock=clock, client=Client(faulty_api.url, clock, MAX_BYTES))


def fleet_at(tick: datetime) -> list[dict[str, object]]:
    return [vehicle("901008", tick), vehicle("KXE9191 PKP", tick, direcao=" ", ignicao=None)]


def csv_rows(tick: datetime) -> list[list[str]]:
    """Return the expected CSV rows of a good poll, without the time of capture."""
    records = ([each.get(name) for name in Record._fields] for each in fleet_at(tick))
    return [["" if value is None else str(value) for value in record] for record in records]


def test_every_fault_has_an_expectation() -> None:
    assert EXPECTED.keys() == FAULTS.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_costs_its_own_poll_and_nothing_else(
    name: str, faulty_api: FaultyApi, clock: FastClock, resources: Resources
) -> None:
    expected = EXPECTED[name]
    polls: list[Poll] = []
    for tick, fault in zip(TICKS, (good, FAULTS[name], good), strict=True):
        faulty_api.fault, faulty_api.body = fault, body(*fleet_at(tick))
        # Also back, where a busy machine came back from the fault so late that the clock was beyond the tick.
        clock.leap_to(tick)
        clock.run_at(SPEED if fault is not good and expected.tries_on else 1)
        limit = clock.real_seconds(STEP - MARGIN) + SLACK_SECONDS
        started = time.monotonic()
        polls.append(pipeline.capture(tick, resources))
        assert time.monotonic() - started < limit, "a poll comes back before its deadline"
        clock.run_at(1)
        if fault is not good:
            whole_answer = faulty_api.whole_answers[-1] if faulty_api.whole_answers else b""

    window = resources.files.open_window()
    assert window
    assert faulty_api.complaints == []
    assert [line.poll for line in read_ledger(window.folder)] == polls
    assert [poll.tick for poll in polls] == TICKS, "the ledger has one line a tick"

    before, at_fault, after = polls
    assert (at_fault.status.value, at_fault.reason) == (expected.status, expected.reason)
    assert (at_fault.records, at_fault.rejects) == (expected.records, expected.rejects)
    if expected.kept:
        assert read_raw(window.folder / "raw" / at_fault.raw) == whole_answer
    else:
        assert at_fault.raw == ""
    if at_fault.reason.startswith("http_"):
        assert at_fault.http_status == int(at_fault.reason.removeprefix("http_"))

    assert before.status is Status.OK
    for poll in (before, after):
        assert (poll.status.is_good, poll.reason, poll.records, poll.rejects) == (True, "", 2, 0)
        assert read_raw(window.folder / "raw" / poll.raw) == body(*fleet_at(poll.tick))
    with (window.folder / CSV).open(newline="") as file:
        _, *rows = csv.reader(file)
    assert [row[1:] for row in rows[:2]] == csv_rows(TICKS[0])
    assert [row[1:] for row in rows[-2:]] == csv_rows(TICKS[2])
    assert len(rows) == 2 + expected.records + 2
    with (window.folder / REJECTS).open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + expected.rejects
