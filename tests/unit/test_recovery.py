"""Missed minutes are recovered from the service of closed minutes, against a double of it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch.capture.capture import Capture
from brt_watch.capture.contract import Alert
from brt_watch.capture.recovery import Recovered, holes, recover, recovery_of
from brt_watch.capture.window import CSV, read_ledger
from brt_watch.clock import MINUTE, StillClock
from brt_watch.errors import NotTheContract
from brt_watch.feeds import its_minutes
from brt_watch.health import look, problems
from brt_watch.model import Poll, Status
from brt_watch.pipeline import Resources
from tests.its import ItsDouble, position
from tests.made_vehicles import NOON


def fleet(minute: datetime, vehicles: int = 80) -> list[dict[str, Any]]:
    return [position(f"90{n:04}", minute + timedelta(seconds=60 / vehicles * n)) for n in range(vehicles)]


@pytest.fixture
def capture(make_resources: Callable[..., Resources]) -> Resources:
    return make_resources(recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=60)


@pytest.fixture
def its(clock: StillClock) -> ItsDouble:
    return ItsDouble(clock, fleet)


def recovery(capture: Capture, its: ItsDouble) -> Capture:
    return replace(recovery_of(capture), client=its)  # type: ignore[arg-type]


def wrote(capture: Capture, statuses: dict[datetime, Status]) -> None:
    """Give the capture's ledger the polls at the end of these minutes, and set the clock after them."""
    window = capture.files.open_window() or capture.files.new_window(min(statuses) + MINUTE)
    for minute, status in statuses.items():
        window.record(Poll(minute + MINUTE, status, captured_at=minute + MINUTE))
    assert isinstance(capture.clock, StillClock)
    capture.clock.time = max(statuses) + 3 * MINUTE


def minutes(first: int, last: int, status: Status = Status.OK) -> dict[datetime, Status]:
    return {NOON + number * MINUTE: status for number in range(first, last + 1)}


def run(capture: Capture, its: ItsDouble, **arguments: Any) -> Recovered:
    there = recovery(capture, its)
    return recover(holes(capture, there, None, None), capture, there, **arguments)


def recovered_minutes(capture: Capture) -> Counter[datetime]:
    files = recovery_of(capture).files
    return Counter(line.poll.tick for folder in files.newest_first() for line in read_ledger(folder))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_holes_are_failed_or_missed_minutes_newest_first(capture: Resources, its: ItsDouble) -> None:
    lines = minutes(0, 9) | minutes(2, 3, Status.MISSED) | minutes(5, 5, Status.FAILED) | minutes(7, 7, Status.LATE)
    del lines[NOON + 8 * MINUTE]
    wrote(capture, lines)
    found = holes(capture, recovery(capture, its), None, None)
    # Minute 10 is over, and 11 is not complete yet.
    assert [(minute - NOON) // MINUTE for minute in found] == [10, 8, 5, 3, 2]
    between = holes(capture, recovery(capture, its), NOON + 3 * MINUTE, NOON + 6 * MINUTE)
    assert [(minute - NOON) // MINUTE for minute in between] == [5, 3]


@pytest.mark.parametrize(("late", "of_use"), [(0, True), (10, True), (11, False), (19, False)])
def test_a_late_poll_is_of_use_for_half_an_interval(
    make_resources: Callable[..., Resources], its: ItsDouble, late: int, of_use: bool
) -> None:
    capture = make_resources(recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=20)
    ledger(capture, {6: Poll(NOON, Status.LATE, requested_at=NOON + timedelta(seconds=120 + late))})
    assert holes(capture, recovery(capture, its), None, None) == ([] if of_use else [NOON + MINUTE])


def test_the_last_seconds_of_a_minute_belong_to_it(make_resources: Callable[..., Resources], its: ItsDouble) -> None:
    """The poll on the full minute had them: the next one shows newer signals."""
    capture = make_resources(recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=20)
    ledger(capture, {number: Poll(NOON, Status.MISSED) for number in range(6, 9)})
    found = holes(capture, recovery(capture, its), None, None)
    assert [(minute - NOON) // MINUTE for minute in found] == [2, 1]


def ledger(capture: Resources, other: dict[int, Poll]) -> None:
    """Write five minutes with a good poll every 20 seconds; some ticks, counted from noon, have other polls."""
    window = capture.files.new_window(NOON + timedelta(seconds=20))
    for number in range(1, 16):
        tick = NOON + number * timedelta(seconds=20)
        window.record(replace(other.get(number, Poll(NOON, Status.OK, captured_at=tick)), tick=tick))
    assert isinstance(capture.clock, StillClock)
    capture.clock.time = NOON + timedelta(minutes=5, seconds=50)


def test_what_the_service_no_longer_keeps_is_not_asked_for(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 1, Status.MISSED))
    its.clock.time = NOON + timedelta(days=4)
    found = holes(capture, recovery(capture, its), None, None)
    assert its.clock.now() - timedelta(days=3) <= min(found) < its.clock.now() - timedelta(days=3) + 2 * MINUTE


def test_a_recovered_minute_has_its_own_window_and_origin(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(4, 5, Status.MISSED))
    before = [line.poll for folder in capture.files.newest_first() for line in read_ledger(folder)]
    done = run(capture, its)
    assert (done.minutes, done.records, dict(done.failures)) == (3, 240, {})
    files = recovery_of(capture).files
    (folder,) = files.closed_windows()
    polls = [line.poll for line in read_ledger(folder)]
    assert [(poll.tick - NOON) // MINUTE for poll in polls] == [10, 5, 4]
    assert {poll.status for poll in polls} == {Status.RECOVERED}
    assert files.capturer == f"recovered-{capture.files.capturer}"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["feed"], manifest["polls"], manifest["good_polls"]) == ("its_minutes", 3, 0)
    assert manifest["first_tick"] < manifest["last_tick"]
    row = rows(folder / CSV)[0]
    assert (row["codigo"], row["linha"], row["sentido"], row["direcao"]) == ("900000", "22", "volta", "203")
    assert int(row["dataHora"]) == int((NOON + 10 * MINUTE).timestamp() * 1000)
    assert json.loads(row["extra"])["trip_id"] == "abc"
    after = [line.poll for each in capture.files.newest_first() for line in read_ledger(each)]
    assert after == before, "the ledger of the capture goes on saying that it missed them"


def test_a_second_run_asks_for_nothing_again(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(4, 5, Status.MISSED))
    run(capture, its)
    asked = len(its.asked)
    assert run(capture, its) == Recovered()
    assert len(its.asked) == asked


def test_pages_are_followed_and_kept_as_received(capture: Resources, its: ItsDouble) -> None:
    its.page = 30
    wrote(capture, minutes(0, 9) | minutes(4, 4, Status.MISSED))
    assert run(capture, its).records == 160
    (folder,) = recovery_of(capture).files.closed_windows()
    assert len(rows(folder / CSV)) == 160


@pytest.mark.parametrize("mood", ["partial", "pending", "429", "down"])
def test_a_part_of_a_minute_is_never_taken_for_the_whole(capture: Resources, its: ItsDouble, mood: str) -> None:
    wrote(capture, minutes(0, 9) | minutes(4, 4, Status.MISSED))
    its.moods = [mood]
    done = run(capture, its)
    assert (done.minutes, sum(done.failures.values())) == (1, 1)
    assert run(capture, its).minutes == 1, "the next run asks again"
    assert recovered_minutes(capture) == {NOON + 4 * MINUTE: 1, NOON + 10 * MINUTE: 1}


def test_a_minute_with_few_signals_is_taken_half_an_hour_later(capture: Resources, its: ItsDouble) -> None:
    """They do not show whether the minute is complete."""
    its.positions_of = lambda minute: fleet(minute, vehicles=19)
    wrote(capture, minutes(0, 9) | minutes(9, 9, Status.MISSED))
    assert run(capture, its).failures == {"partial_minute": 2}
    its.clock.time = NOON + 40 * MINUTE
    run(capture, its)
    assert recovered_minutes(capture) == {NOON + 9 * MINUTE: 1}


def test_a_few_signals_of_a_first_quarter_are_no_minute(capture: Resources, its: ItsDouble) -> None:
    its.positions_of = lambda minute: fleet(minute, vehicles=19)
    wrote(capture, minutes(0, 9) | minutes(9, 9, Status.MISSED))
    its.clock.time = NOON + 40 * MINUTE
    its.moods = ["partial"] * 30
    assert run(capture, its).failures.keys() == {"partial_minute"}
    run(capture, its)
    (folder,) = recovery_of(capture).files.closed_windows()
    assert {line.poll.records for line in read_ledger(folder)} == {19}


def quiet(vehicles: int) -> Callable[[datetime], list[dict[str, Any]]]:
    """Return a fleet with these vehicles, all in the first half of the minute."""
    return lambda minute: [position(f"90{n:04}", minute + timedelta(seconds=n)) for n in range(vehicles)]


def test_a_quiet_minute_is_whole_when_it_is_the_same_hours_later(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(4, 4, Status.MISSED))
    only = {"ends_at": NOON + timedelta(hours=12)}

    def asked(hours: float, vehicles: int) -> int:
        its.positions_of = quiet(vehicles)
        its.clock.time = NOON + timedelta(hours=hours)
        there = recovery(capture, its)
        return recover([NOON + 4 * MINUTE], capture, there, **only).minutes

    assert asked(0.2, 7) == 0
    # The answer of the first hour does not count, nor one soon after another.
    assert [asked(hours, 7) for hours in (2.3, 3.3, 4.4, 6.3)] == [0, 0, 0, 0]
    # More signals: the waiting begins again.
    assert [asked(hours, 8) for hours in (6.5, 7.5, 8.6, 9.6, 10.5)] == [0, 0, 0, 0, 0]
    assert asked(10.7, 8) == 1


def test_neither_many_early_signals_nor_a_pending_vendor_settle(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(4, 4, Status.MISSED))
    for vehicles, mood in ((25, ""), (7, "pending")):
        its.positions_of = quiet(vehicles)
        for hours in (2, 8, 20, 30):
            its.clock.time = NOON + timedelta(hours=hours)
            its.moods = [mood]
            assert recover([NOON + 4 * MINUTE], capture, recovery(capture, its)).failures == {"partial_minute": 1}


def test_every_page_must_be_of_a_complete_vendor(capture: Resources, its: ItsDouble) -> None:
    its.page = 30
    wrote(capture, minutes(0, 9) | minutes(4, 4, Status.MISSED))
    its.moods = ["pending", ""]
    assert recover([NOON + 4 * MINUTE], capture, recovery(capture, its)).failures == {"partial_minute": 1}


def test_a_service_that_does_not_answer_is_left_alone(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 59, Status.MISSED))
    its.moods = ["down"] * 100
    assert run(capture, its).failures == {"unreachable": 3}
    assert len(its.asked) == 3


def test_minutes_that_the_service_refuses_block_no_older_ones(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 29) | minutes(2, 4, Status.MISSED) | minutes(20, 25, Status.MISSED))
    its.dead = {NOON + (20 + n) * MINUTE: status for n, status in enumerate((400, 404, 404, 404, 422, 404))}
    done = run(capture, its)
    assert (done.minutes, done.failures) == (4, {"http_404": 4, "http_400": 1, "http_422": 1})


@pytest.mark.parametrize("status", [429, 500, 503, 403])
def test_a_service_that_refuses_everything_is_left_alone(capture: Resources, its: ItsDouble, status: int) -> None:
    """Also with a refused minute among them."""
    wrote(capture, minutes(0, 29, Status.MISSED))
    its.dead = dict.fromkeys(minutes(0, 30), status) | {NOON + 29 * MINUTE: 404}
    assert run(capture, its).failures == {f"http_{status}": 3, "http_404": 1}
    assert len(its.asked) == 4


def test_a_field_that_changes_is_reported_once_and_counted(capture: Resources, its: ItsDouble) -> None:
    """Whatever the order of the minutes and the gaps between them; other alerts of the watch do not apply."""
    told: list[tuple[str, str, str]] = []

    def refill(first: int, **changes: Any) -> list[str]:
        its.positions_of = lambda minute: [{**each, **changes} for each in fleet(minute)]
        wrote(capture, minutes(first, first + 9) | minutes(first + 3, first + 4, Status.MISSED))
        before = len(told)
        ends_at = capture.clock.now() + timedelta(seconds=5)
        run(capture, its, ends_at=ends_at, tell=lambda some: told.extend((a.event, a.code, a.subject) for a in some))
        return [" ".join(alert) for alert in told[before:]]

    assert refill(0) == []
    assert refill(20, velocidade="14,6", bateria=3) == [
        "raised field_changed_type velocidade",
        "raised field_appeared bateria",
    ]
    seen = look(capture.settings, capture.files, capture.clock)
    said = [problem.sentence for problem in problems(seen) if problem.code.startswith("field_")]
    assert [sentence.partition(";")[0] for sentence in said] == [
        "The service of past minutes: field_changed_type velocidade: it is text and was number",
        "The service of past minutes: field_appeared bateria: the API has a new field",
    ]
    assert refill(40, velocidade="14,6", bateria=3) == []
    assert refill(60, bateria=3) == ["closed field_changed_type velocidade"]
    # After a day the field is normal.
    assert refill(60 + 1440, bateria=3) == ["closed field_appeared bateria"]
    files = recovery_of(capture).files
    polls = [line.poll for folder in files.newest_first() for line in read_ledger(folder)]
    assert sum(len(json.loads(poll.alerts)) for poll in polls if poll.alerts) == len(told) == 4


def test_minutes_without_a_good_record_are_reported(capture: Resources, its: ItsDouble) -> None:
    its.positions_of = lambda minute: [{**each, "latitude": None} for each in fleet(minute)]
    wrote(capture, minutes(0, 9) | minutes(3, 4, Status.MISSED))
    told: list[Alert] = []
    assert run(capture, its, tell=told.extend).failures == {"no_good_record": 3}
    assert [(alert.event, alert.code) for alert in told] == [("raised", "rejected")]


def test_odd_entries_cost_themselves_only(capture: Resources, its: ItsDouble) -> None:
    def odd(minute: datetime) -> list[dict[str, Any]]:
        return [
            position("1", minute, servico=" "),
            position("2", minute, velocidade="14,6", novo=1),
            position("3", minute, latitude=None),
            position("4", minute, datetime="ontem", datetime_servidor=minute.isoformat()),
            position("B58021", minute, modo="onibus", fornecedor="zirix"),
            position("5", minute, modo=None, direcao=None),
        ]

    minute = NOON + 4 * MINUTE
    body = json.dumps({"minuto_utc": f"{minute:%Y-%m-%dT%H:%M:%SZ}", "data": odd(minute)}).encode()
    nan = body.replace(b'"velocidade": 14.6', b'"velocidade": NaN', 1)
    parsed = its_minutes.read(its_minutes.join([body]))
    assert [record.vehicle for record in parsed.records] == ["1", "2", "5"]
    assert [reject.reason for reject in parsed.rejects] == ["position_missing", "datahora_missing"]
    first, second, _ = parsed.records
    assert first.linha is None  # type: ignore[attr-defined]
    assert json.loads(second.extra)["velocidade"] == "14,6"  # type: ignore[attr-defined]
    assert [reject.reason for reject in its_minutes.read(its_minutes.join([nan, body])).rejects][:1] == ["not_readable"]
    with pytest.raises(NotTheContract, match="other_minute"):
        its_minutes.read_page(body, minute + MINUTE)


@pytest.mark.parametrize(
    "broken",
    [
        '"velocidade": NaN',
        '"velocidade": "14"6"',
        '"velocidade": "14',
        '"velocidade": [14}',
        '"velocidade": 14]',
        '"velocidade": {"list": [1, {"x": 2}], "y": "}"',
        "velocidade: None",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_broken_record_costs_neither_neighbour_nor_page(broken: str, place: int, indent: int | None) -> None:
    """One bad record is one reject, wherever it stands; all others of its page and of the other pages are kept."""

    def page(first: int) -> bytes:
        minute = f"{NOON:%Y-%m-%dT%H:%M:%SZ}"
        data = [position(f"{first + n}", NOON, trajeto="22 [IDA], A") for n in range(3)]
        answer = {"minuto_utc": minute, "data": data, "next_cursor": None, "providers_status": {"sonda": "ok"}}
        return json.dumps(answer, indent=indent).encode()

    pages = [page(1), page(4), page(7)]
    before = pages[1].split(b'"velocidade": 14.6')
    pages[1] = (
        b'"velocidade": 14.6'.join(before[: place + 1])
        + broken.encode()
        + b'"velocidade": 14.6'.join([b"", *before[place + 1 :]]).removeprefix(b'"velocidade": 14.6')
    )
    assert its_minutes.read_page(pages[1], NOON).next_cursor is None
    parsed = its_minutes.read(its_minutes.join(pages))
    assert [record.vehicle for record in parsed.records] == [f"{n}" for n in range(1, 10) if n != 4 + place]
    assert [(reject.position, reject.reason) for reject in parsed.rejects] == [(3 + place, "not_readable")]


def test_a_process_that_dies_in_between_loses_and_doubles_nothing(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(3, 6, Status.MISSED))
    there = recovery(capture, its)
    window = there.files.new_window(NOON + 6 * MINUTE)
    answer = its.fetch(NOON, its_minutes.parameters(NOON + 6 * MINUTE, None))
    window.keep_raw(NOON + 6 * MINUTE, its_minutes.join([answer.body]))
    run(capture, its)
    found = recovered_minutes(capture)
    assert set(found.values()) == {1}
    assert len(found) == 5


def test_a_simulated_service_refills_no_real_folder(capture: Resources, its: ItsDouble) -> None:
    wrote(capture, minutes(0, 9) | minutes(3, 4, Status.MISSED))

    class Simulated(ItsDouble):
        def fetch(self, *arguments: Any) -> Any:
            return replace(super().fetch(*arguments), simulated=True)

    assert run(capture, Simulated(its.clock, fleet)).failures == {"simulated": 3}
