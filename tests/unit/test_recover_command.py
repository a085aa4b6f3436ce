"""Missed minutes are recovered by the command and by the flow, and loaded at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from brt_watch import cli, pipeline
from brt_watch.capture.capture import Capture
from brt_watch.capture.recovery import recovery_of
from brt_watch.cli import steps
from brt_watch.clock import StillClock
from brt_watch.model import Status
from brt_watch.resources import Resources
from tests.its import ItsDouble
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

    def double(capture: Capture) -> Capture:
        return replace(recovery_of(capture), client=its)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "recovery_of", double)
    monkeypatch.setattr(steps, "recovery_of", double)
    monkeypatch.setattr(steps, "load_resources", lambda: made)
    return made


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
    assert told("--dry-run") == (
        "3 minutes are missing and would be requested, from 2026-11-23 12:04 to 2026-11-23 12:10 UTC"
    )
    listed = [f"2026-11-23T12:{minute:02}:00.000000Z" for minute in (10, 5, 4)]
    assert json.loads(told("--dry-run", "--json")) == listed
    assert json.loads(told("--dry-run", "--json", "--to", "2026-11-23T12:05Z")) == listed[2:]
    assert its.asked == []
    assert recovered_minutes(resources) == {}


def test_the_command_recovers_and_loads_what_is_missing(resources: Resources, its: ItsDouble) -> None:
    its.moods = ["down"]
    assert told("--from", "2026-11-23T12:05Z", code=1).endswith(
        "1 of 2 missing minutes recovered, 80 records 1 are still missing (unreachable: 1); the next run asks again"
    )
    assert json.loads(told("--json"))["minutes"] == 2
    assert told() == "0 of 0 missing minutes recovered, 0 records"
    assert set(recovered_minutes(resources).values()) == {1}
    assert signals(resources) == (240, 240)


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
