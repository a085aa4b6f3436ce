"""Missed minutes are recovered by the command and by the flow, and loaded at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from brt_watch import cli, pipeline
from brt_watch.capture.capture import Capture
from brt_watch.capture.poll import store_and_read
from brt_watch.capture.recovery import loadable, recovery_of
from brt_watch.capture.recovery import recover as capture_recovery
from brt_watch.cli import steps
from brt_watch.clock import MINUTE, StillClock, floor
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from tests.its import ItsDouble
from tests.made_vehicles import NOON, body, vehicle
from tests.run_flow import run
from tests.unit.test_recovery import fleet, minutes, recovered_minutes, wrote


@pytest.fixture
def its(clock: StillClock) -> ItsDouble:
    return ItsDouble(clock, fleet)


@pytest.fixture
def resources(make_resources: Callable[..., Resources], its: ItsDouble, monkeypatch: pytest.MonkeyPatch) -> Resources:
    """A capture without a database that lacks three minutes, and the service that keeps them."""
    made = make_resources(database_url="none", recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=60)
    wrote(made, minutes(0, 9) | minutes(4, 5, Status.MISSED))
    load_own(made)
    serve(its, monkeypatch)
    monkeypatch.setattr(steps, "load_resources", lambda: made)
    return made


def serve(its: ItsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    def double(capture: Capture) -> Capture:
        return replace(recovery_of(capture), client=its)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "recovery_of", double)
    monkeypatch.setattr(steps, "recovery_of", double)


def load_own(resources: Resources) -> None:
    opened = resources.files.open_window()
    assert opened
    pipeline.load(resources.files.close(opened), resources)


def told(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["recover", *words])
    assert done.exit_code == code, done.output
    return " ".join(done.stdout.split())


def signals(resources: Resources) -> tuple[int, int]:
    """Return the signals of the lake, and how many of them are different."""
    with resources.lake.session() as session:
        (row,) = session.execute("select count(*), count(distinct (codigo, datahora)) from brt_raw").fetchall()
    return row


def test_a_dry_run_names_the_minutes_and_asks_nothing(resources: Resources, its: ItsDouble) -> None:
    assert told("--dry-run") == ("3 missing minutes would be requested, from 2026-11-23 12:04 to 2026-11-23 12:10 UTC")
    listed = [f"2026-11-23T12:{minute:02}:00.000000Z" for minute in (10, 5, 4)]
    assert json.loads(told("--dry-run", "--json")) == listed
    assert json.loads(told("--dry-run", "--json", "--to", "2026-11-23T12:05Z")) == listed[2:]
    assert its.asked == []
    assert recovered_minutes(resources) == {}


def test_the_command_recovers_and_loads_what_is_missing(resources: Resources, its: ItsDouble) -> None:
    its.moods = ["down"]
    assert told("--from", "2026-11-23T12:05Z", code=1).endswith(
        "1 of 2 missing minutes recovered, 80 records 1 is still missing (unreachable: 1); the next run asks again"
    )
    assert json.loads(told("--json"))["minutes"] == 2
    assert told() == "0 of 0 missing minutes recovered, 0 records"
    assert set(recovered_minutes(resources).values()) == {1}
    assert signals(resources) == (240, 240)


def captured(resources: Resources, statuses: dict[int, Status]) -> None:
    """Capture these minutes, in an open window; each good poll sees a vehicle that the service has too."""
    opened = resources.files.open_window() or resources.files.new_window(NOON + MINUTE)
    for number, status in statuses.items():
        tick = NOON + (number + 1) * MINUTE
        seen = vehicle("900000", floor(tick, 2 * MINUTE) - 2 * MINUTE + timedelta(seconds=20))
        poll = Poll(tick, status, captured_at=tick)
        opened.record(*(store_and_read(poll, body(seen), opened) if status.is_good else (poll, None)))
    assert isinstance(resources.clock, StillClock)
    resources.clock.time = NOON + (max(statuses) + 2) * MINUTE


@pytest.mark.parametrize("is_closed", [False, True])
def test_our_own_records_come_before_recovered_ones(
    make_resources: Callable[..., Resources], its: ItsDouble, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    """The poll at 12:06 sees a signal of 12:04, which was missed; its window is open, or waits for the load."""
    made = make_resources(database_url="none", recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=60)
    serve(its, monkeypatch)
    captured(made, dict.fromkeys(range(8), Status.OK) | {4: Status.FAILED})
    opened = made.files.open_window()
    if is_closed and opened:
        made.files.close(opened)
    done = pipeline.recover(made)
    assert (done.minutes, done.waiting) == (1, 1)
    for folder in made.files.closed_windows():
        pipeline.load(folder, made)
    if not is_closed:
        load_own(made)
    assert (pipeline.recover(made).holes, pipeline.recover(made).waiting) == (0, 0)
    own = "select capturer not like 'recovered-%', hodometro is not null from brt_raw"
    with made.lake.session() as session:
        found = session.execute(f"{own} where codigo = '900000' and datahora = '2026-11-23 12:04:00+00'").fetchall()
        assert found == [(True, True)]
        assert session.execute("select count(*) from brt_disagreement").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("own", "later", "waits"),
    [
        # The polls after the minute are loaded, and a newer window is open.
        ({number: Status.FAILED if number == 3 else Status.OK for number in range(8)}, {8: Status.OK}, False),
        # The first good poll after the outage is in the open window.
        ({number: Status.OK if number < 3 else Status.FAILED for number in range(8)}, {8: Status.OK}, True),
        # The outage goes on.
        ({number: Status.OK if number < 3 else Status.FAILED for number in range(8)}, {8: Status.FAILED}, True),
        ({number: Status.OK if number < 3 else Status.FAILED for number in range(8)}, {150: Status.FAILED}, False),
        # Nothing runs any more.
        (dict.fromkeys(range(3), Status.OK), {}, False),
    ],
)
def test_a_recovered_minute_waits_for_the_polls_that_can_have_it(
    make_resources: Callable[..., Resources],
    its: ItsDouble,
    own: dict[int, Status],
    later: dict[int, Status],
    waits: bool,
) -> None:
    made = make_resources(database_url="none", recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=60)
    captured(made, own)
    load_own(made)
    if later:
        captured(made, later)
    made.clock.time += 3 * MINUTE  # type: ignore[attr-defined]
    there = replace(recovery_of(made), client=its)  # type: ignore[arg-type]
    capture_recovery([NOON + 3 * MINUTE], made, there)
    assert (loadable(made, there) == []) == waits


def test_the_flow_recovers_hourly_and_says_what_it_did(flows: Any, resources: Resources, its: ItsDouble) -> None:
    (task,) = flows.recover_flow.get_tasks(name="recover")
    its.moods = ["down"] * 3
    state = run(flows.recover_flow)
    assert state.is_failed()
    assert state.result[task].message == "unreachable: 3"
    state = run(flows.recover_flow)
    assert state.is_successful()
    assert (state.result[task].result.minutes, signals(resources)) == (3, (240, 240))
    assert run(flows.recover_flow).result[task].result.holes == 0


def test_the_flow_is_skipped_where_nothing_keeps_minutes(
    flows: Any, resources: Resources, its: ItsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = flows.recover_flow.get_tasks(name="recover")
    off = replace(resources, settings=resources.settings.model_copy(update={"recover_url": ""}))
    monkeypatch.setattr(flows, "resources", lambda: off)
    assert run(flows.recover_flow).result[task].is_skipped()
    assert its.asked == []
