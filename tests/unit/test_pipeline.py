from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from brt_watch import disk, pipeline
from brt_watch.capture import poll as polling
from brt_watch.capture import window as capture_window
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.contract import Alert
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LedgerLine, read_lines
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.ticks import next_ticks, ticks_of_minute
from brt_watch.capture.window import CSV, LAST_BYTES, POLLS, REJECTS, read_ledger
from brt_watch.clock import MINUTE, StillClock, floor
from brt_watch.errors import FeedFailed
from brt_watch.feeds.feed import Feed
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from tests.conftest import ScriptedFeed
from tests.made_vehicles import NOON, body, vehicle

STEP = timedelta(seconds=20)


def feed(resources: Resources) -> ScriptedFeed:
    assert isinstance(resources.client, ScriptedFeed)
    return resources.client


def clock(resources: Resources) -> StillClock:
    assert isinstance(resources.clock, StillClock)
    return resources.clock


def run(resources: Resources, polls: int) -> list[Poll]:
    return [pipeline.capture(tick, resources) for tick in islice(next_ticks(resources), polls)]


def ledger(resources: Resources) -> list[Poll]:
    folders = reversed(list(resources.files.newest_first()))
    return [line.poll for folder in folders for line in read_ledger(folder)]


def ticks(polls: list[Poll]) -> list[datetime]:
    return [poll.tick for poll in polls]


def test_every_tick_has_one_line_in_the_ledger(resources: Resources) -> None:
    feed(resources).script = [body(vehicle()), FeedFailed("unreachable", "no route"), b"<html>", body(vehicle())]
    run(resources, 100)
    assert ticks(ledger(resources)) == [NOON + number * STEP for number in range(100)]
    assert [(poll.status.value, poll.reason) for poll in ledger(resources)[:4]] == [
        ("ok", ""),
        ("failed", "unreachable"),
        ("failed", "not_json"),
        ("ok", ""),
    ]


def test_a_poll_ends_before_the_next_tick(resources: Resources) -> None:
    run(resources, 3)
    assert feed(resources).deadlines == [NOON + number * STEP + timedelta(seconds=19) for number in range(3)]


def test_an_answer_that_is_not_the_contract_is_kept_raw(resources: Resources) -> None:
    feed(resources).script = [b"<html>busy</html>"]
    run(resources, 1)
    (poll,) = ledger(resources)
    assert (poll.raw, poll.body_bytes, poll.records) == ("20261123T120000Z.json.zst", 17, 0)


def test_an_exception_of_any_kind_is_a_failed_line(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the reader or of the contract watch costs no line of the ledger, and no answer."""

    def broken(*arguments: object) -> Any:
        raise KeyError("a defect")

    resources = replace(resources, files=CaptureFiles(resources.files.data, "", Feed("brt", COLUMNS, broken)))
    monkeypatch.setattr(polling, "watch", broken)
    run(resources, 2)
    assert [(poll.status.value, poll.reason) for poll in ledger(resources)] == [("failed", "reader_failed")] * 2
    assert all(poll.raw for poll in ledger(resources))


def test_a_poll_without_a_good_record_is_not_good(resources: Resources) -> None:
    """Its rejects are still kept and counted."""
    as_text = body(vehicle("1", latitude="-22.9"), vehicle("2", longitude="-43.2"), vehicle(""))
    feed(resources).script = [as_text]
    (poll, good) = run(resources, 2)
    assert (poll.status, poll.reason, poll.records, poll.rejects) == (Status.FAILED, "no_good_record", 0, 3)
    assert poll.detail == "position_missing: 2, codigo_missing: 1"
    assert good.status is Status.OK
    window = resources.files.open_window()
    assert window
    assert window.captured_minutes == {NOON}
    assert len((window.folder / REJECTS).read_bytes().splitlines()) == 1 + 3


def test_an_api_that_answers_200_is_asked_at_every_tick(resources: Resources) -> None:
    feed(resources).script = [b"<html>busy</html>"] * 30 + [body(vehicle(latitude=None))] * 30
    polls = run(resources, 60)
    assert Counter(poll.reason for poll in polls) == {"not_json": 30, "no_good_record": 30}


def test_a_fault_of_this_machine_slows_no_polls(resources: Resources) -> None:
    feed(resources).script = [FeedFailed("client_error", "no SOCKS here")] * 60
    assert all(poll.reason == "client_error" for poll in run(resources, 60))


def test_a_disk_that_fails_is_a_failed_tick(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, data: bytes) -> None:
        raise OSError(errno.EIO, "Input/output error")

    run(resources, 2)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_durably", broken)
        feed(resources).script = [body(vehicle("2"))]
        with pytest.raises(OSError, match="Input"):
            run(resources, 1)
    assert ledger(resources)[-1].reason == "disk_error"
    assert run(resources, 1)[0].status is Status.OK


def test_a_failing_disk_after_a_pause_leaves_no_tick_out(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise FileNotFoundError

    run(resources, 2)
    clock(resources).time += timedelta(minutes=2)
    with monkeypatch.context() as patch:
        patch.setattr(polling, "repaired_window", broken)
        assert run(resources, 1)[0].reason == "disk_error"
    run(resources, 1)
    polls = ledger(resources)
    assert [poll.tick for poll in polls] == [polls[0].tick + n * STEP for n in range(len(polls))]
    assert Counter(poll.reason for poll in polls)["not_running"] >= 5


def test_the_ledger_knows_how_old_the_signals_were(resources: Resources) -> None:
    feed(resources).script = [body(*(vehicle(str(n), NOON - timedelta(seconds=10 * n)) for n in range(3)))]
    run(resources, 1)
    (poll,) = ledger(resources)
    assert poll.newest_signal_at == NOON - timedelta(seconds=20)
    assert poll.median_age_seconds == 30.5


def test_no_webhook_keeps_a_poll_from_its_next_tick(resources: Resources) -> None:
    waited: list[float] = []

    class Slow(Webhook):
        def send(self, alerts: list[Alert], patience_seconds: float = 3) -> None:
            waited.append(patience_seconds)

    resources = replace(resources, webhook=Slow("", lambda: "test"))
    for feed(resources).seconds in (1, 17, 19):
        run(resources, 1)
    assert waited == [3, 2, 0]


def test_ticks_at_which_nothing_ran_are_recorded_as_missed(resources: Resources) -> None:
    run(resources, 2)
    clock(resources).time = NOON + timedelta(minutes=3)
    run(resources, 1)
    assert ticks(ledger(resources)) == [NOON + number * STEP for number in range(10)]
    assert [poll.status for poll in ledger(resources)[2:9]] == [Status.MISSED] * 7


def test_an_outage_of_weeks_is_recorded_for_its_last_day(resources: Resources) -> None:
    run(resources, 1)
    clock(resources).time = NOON + timedelta(days=30)
    run(resources, 1)
    polls = ledger(resources)
    assert ticks(polls[1:]) == [NOON + timedelta(days=29) + (n + 1) * STEP for n in range(24 * 180)]


def test_clock_set_back_costs_no_poll_and_doubles_no_tick(resources: Resources) -> None:
    run(resources, 45)
    clock(resources).time = NOON - timedelta(hours=2)
    run(resources, 45)
    clock(resources).time = NOON - timedelta(minutes=5)
    run(resources, 90)
    polls = ledger(resources)
    assert len({poll.tick for poll in polls}) == len(polls)
    assert sum(poll.status.is_good for poll in polls) == 180
    raws = {(folder, line.poll.raw) for folder in resources.files.newest_first() for line in read_ledger(folder)}
    assert all((folder / "raw" / raw).exists() for folder, raw in raws if raw)


class ClockSetBack(StillClock):
    """A clock that is set back by an hour during its next sleep, which ends as planned."""

    hour = timedelta(hours=1)

    def sleep_until(self, moment: datetime) -> None:
        super().sleep_until(moment)
        self.time, self.hour = self.time - self.hour, timedelta()


def test_clock_set_back_during_a_wait_costs_no_poll(resources: Resources) -> None:
    run(resources, 6)
    set_back = replace(resources, clock=ClockSetBack(clock(resources).time))
    ticks = next_ticks(set_back)
    polls = [pipeline.capture(next(ticks), set_back) for _ in range(4)]
    assert [floor(poll.tick, STEP) for poll in polls] == [NOON - timedelta(hours=1) + n * STEP for n in range(6, 10)]
    assert all(poll.status is Status.OK for poll in polls)


def test_rest_of_a_minute_is_polled_after_the_clock_is_set_back(resources: Resources) -> None:
    run(resources, 7)
    set_back = replace(resources, clock=ClockSetBack(clock(resources).time))
    polls = [pipeline.capture(NOON + n * STEP, set_back) for n in (7, 8)]
    assert [floor(poll.tick, STEP) for poll in polls] == [NOON - timedelta(hours=1) + n * STEP for n in (7, 8)]


def test_one_poll_a_minute_keeps_every_minute(make_resources: Callable[..., Resources]) -> None:
    resources = make_resources(poll_seconds=60)
    feed(resources).seconds = 0
    run(resources, 5)
    assert ticks(ledger(resources)) == [NOON + n * MINUTE for n in range(5)]


def test_minute_ahead_after_a_set_back_becomes_the_current_one(resources: Resources) -> None:
    run(resources, 6)
    clock(resources).time = NOON - timedelta(hours=1)
    expected = [NOON - timedelta(hours=1) + n * STEP for n in range(3)]
    assert ticks_of_minute(NOON + 2 * MINUTE, resources) == expected


def test_a_clock_that_was_far_ahead_for_a_moment_stops_nothing(resources: Resources) -> None:
    run(resources, 3)
    clock(resources).time = NOON + timedelta(days=365)
    run(resources, 1)
    clock(resources).time = NOON + timedelta(minutes=2)
    polls = run(resources, 120)
    assert all(poll.status.is_good for poll in polls)
    assert len(resources.files.closed_windows()) >= 2


def test_a_window_that_died_before_its_first_line_hides_no_other(resources: Resources) -> None:
    run(resources, 39)
    first = resources.files.open_window()
    assert first
    resources.files.to_archive(resources.files.close(first))
    run(resources, 39)
    second = resources.files.open_window()
    assert second
    resources.files.close(second)
    resources.files.new_window(NOON + 78 * STEP)
    clock(resources).time = NOON + 80 * STEP
    run(resources, 1)
    assert ticks(ledger(resources)) == [NOON + number * STEP for number in range(81)]


def test_after_the_machine_slept_the_next_tick_is_the_current_one(resources: Resources) -> None:
    ticks = next_ticks(resources)
    pipeline.capture(next(ticks), resources)
    clock(resources).time = NOON + timedelta(hours=1)
    assert next(ticks) == NOON + timedelta(hours=1)


def test_a_poll_that_begins_late_says_so_and_counts(resources: Resources) -> None:
    clock(resources).time = NOON + timedelta(seconds=11)
    run(resources, 1)
    (poll,) = ledger(resources)
    assert (poll.tick, poll.status, poll.records) == (NOON, Status.LATE, 1)


def test_with_too_little_time_left_the_next_tick_is_polled(resources: Resources) -> None:
    clock(resources).time = NOON + timedelta(seconds=16)
    run(resources, 1)
    assert ticks(ledger(resources)) == [NOON + STEP]


def test_minute_has_three_ticks_and_late_runs_only_the_rest(resources: Resources) -> None:
    assert ticks_of_minute(NOON, resources) == [NOON, NOON + STEP, NOON + 2 * STEP]
    clock(resources).time = NOON + timedelta(seconds=30)
    assert ticks_of_minute(NOON, resources) == [NOON + STEP, NOON + 2 * STEP]
    clock(resources).time = NOON + timedelta(minutes=1)
    assert ticks_of_minute(NOON, resources) == []


def test_a_restart_within_a_tick_does_not_poll_it_again(resources: Resources) -> None:
    run(resources, 2)
    assert ticks_of_minute(NOON, resources) == [NOON + 2 * STEP]
    assert next(next_ticks(resources)) == NOON + 2 * STEP
    again = pipeline.capture(NOON + STEP, resources)
    assert again.tick > NOON + STEP, "and if it does, the ledger tells the two apart"
    assert not (resources.files.data / "clock-set-back").exists()


def test_one_poll_a_minute_by_setting(make_resources: Callable[..., Resources]) -> None:
    assert ticks_of_minute(NOON, make_resources(poll_seconds=60)) == [NOON]


def test_a_window_is_closed_after_thirteen_minutes(resources: Resources) -> None:
    run(resources, 39)
    assert resources.files.closed_windows() == []
    run(resources, 1)
    (folder,) = resources.files.closed_windows()
    manifest = read_manifest(folder)
    assert (manifest.polls, manifest.captured_minutes, manifest.records) == (39, 13, 39)


def test_window_never_closes_below_ten_captured_minutes(resources: Resources) -> None:
    down = FeedFailed("unreachable")
    # Five minutes of failure, then one poll a minute, until the API is back at 12:29.
    feed(resources).script = [body(vehicle())] * 27 + [down] * (15 + 15)
    run(resources, 88)
    assert resources.files.closed_windows() == []
    run(resources, 1)
    (folder,) = resources.files.closed_windows()
    assert read_manifest(folder).captured_minutes == 10


def test_a_poll_reads_no_more_of_a_ledger_after_weeks(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the API is down its window stays open, and each tick has a line."""
    run(resources, 1)
    opened = resources.files.open_window()
    assert opened
    opened.record_missed(NOON + number * STEP for number in range(1, 3000))
    clock(resources).time = NOON + 3000 * STEP
    run(resources, 1)
    read: list[int] = []

    def counted(data: bytes) -> Iterator[LedgerLine]:
        read.append(len(data))
        return read_lines(data)

    monkeypatch.setattr(capture_window, "read_lines", counted)
    feed(resources).script = [FeedFailed("unreachable")] * 3
    minute = floor(clock(resources).now(), MINUTE) + MINUTE
    for tick in ticks_of_minute(minute, resources):
        pipeline.capture(tick, resources)
    assert sum(read) < 3 * LAST_BYTES < (opened.folder / POLLS).stat().st_size


def test_the_next_window_begins_where_the_last_one_ended(resources: Resources) -> None:
    run(resources, 200)
    assert ticks(ledger(resources)) == [NOON + number * STEP for number in range(200)]
    assert len(resources.files.closed_windows()) == 5


def test_load_closes_a_due_window_when_capture_does_not(resources: Resources) -> None:
    run(resources, 39)
    clock(resources).time = NOON + timedelta(hours=1)
    assert [folder.name for folder in pipeline.windows_to_load(resources)] == ["20261123T120000Z"]


def test_an_answer_stored_before_a_crash_is_recovered(resources: Resources) -> None:
    run(resources, 1)
    opened = resources.files.open_window()
    assert opened
    opened.keep_raw(NOON + STEP, body(vehicle("901999"), vehicle("x", latitude=None)))
    clock(resources).time = NOON + 2 * STEP
    run(resources, 1)
    polls = ledger(resources)
    assert ticks(polls) == [NOON, NOON + STEP, NOON + 2 * STEP]
    assert (polls[1].status, polls[1].records, polls[1].rejects) == (Status.OK, 1, 1)
    assert "901999" in (opened.folder / CSV).read_text()


def test_failing_api_is_polled_once_a_minute(resources: Resources) -> None:
    feed(resources).script = [FeedFailed("unreachable", "no route")] * 17
    run(resources, 30)
    reasons = [poll.reason for poll in ledger(resources)]
    assert reasons == ["unreachable"] * 16 + ["not_asked"] * 2 + ["unreachable"] + ["not_asked"] * 2 + [""] * 9
    assert len(feed(resources).deadlines) == 17 + 9


def test_an_alert_is_on_the_ledger_line_of_the_poll_that_saw_it(resources: Resources) -> None:
    feed(resources).script = [body(vehicle()), body(vehicle(bateria=1)), body(vehicle(bateria=1)), body(vehicle())]
    run(resources, 4)
    alerts = [json.loads(poll.alerts) if poll.alerts else [] for poll in ledger(resources)]
    assert [[(alert["event"], alert["code"], alert["subject"]) for alert in of_poll] for of_poll in alerts] == [
        [],
        [("raised", "field_appeared", "bateria")],
        [],
        [("closed", "field_appeared", "bateria")],
    ]


def test_a_full_disk_is_a_failed_tick_and_goes_on_by_itself(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(resources, 2)
    window_csv = next(resources.files.newest_first()) / CSV
    before = window_csv.read_bytes()
    append, full = disk.append, True

    def no_room(path: Path, data: bytes) -> int:
        if full and data and path.name == CSV:
            append(path, data[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(path, data)

    monkeypatch.setattr(disk, "append", no_room)
    (failed,) = run(resources, 1)
    assert (failed.status, failed.reason) == (Status.FAILED, "disk_full")
    assert "disk_full" in (failed.alerts or "")
    assert not (resources.files.data / "reserve").exists(), "the room that was held is given to the ledger"
    assert window_csv.read_bytes() == before
    run(resources, 2)
    full = False
    (good,) = run(resources, 1)
    assert (good.status, good.records) == (Status.OK, 1)
    assert '"closed"' in (good.alerts or "")
    assert (resources.files.data / "reserve").exists()
    polls = ledger(resources)
    assert ticks(polls) == [NOON + number * STEP for number in range(6)]
    assert [bool(poll.alerts) for poll in polls] == [False, False, True, False, False, True]


def test_a_reject_is_in_its_file_with_reason_and_json(resources: Resources) -> None:
    feed(resources).script = [body(vehicle(), vehicle("x", latitude=None))]
    run(resources, 1)
    opened = resources.files.open_window()
    assert opened
    line = (opened.folder / "rejects.csv").read_text().splitlines()[1]
    assert line.startswith("2026-11-23T12:00:00.000000Z,1,position_missing,")
    assert json.loads(line.split(",", 3)[3][1:-1].replace('""', '"'))["codigo"] == "x"
