"""The flows of Prefect over pipeline.py, run by the real Prefect 0.15.9, with a scripted feed and no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import prefect
import pytest

from brt_watch import pipeline
from brt_watch.capture.window import read_ledger
from brt_watch.clock import StillClock
from brt_watch.errors import DatabaseUnreachable, FeedFailed
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded
from brt_watch.transform.runner import Derived
from tests.conftest import ScriptedFeed
from tests.made_vehicles import NOON
from tests.run_flow import run


def states(flow: Any, state: Any, name: str) -> list[Any]:
    (task,) = flow.get_tasks(name=name)
    return list(state.result[task].map_states)


def feed(resources: Resources) -> ScriptedFeed:
    assert isinstance(resources.client, ScriptedFeed)
    return resources.client


def test_it_is_prefect_0_15_9() -> None:
    assert prefect.__version__ == "0.15.9"


def test_the_flows_have_their_names_schedules_and_labels(flows: Any) -> None:
    found = {
        name: (flow.schedule.clocks[0].interval, sorted(flow.run_config.labels)) for name, flow in flows.FLOWS.items()
    }
    assert found == {
        "local_storage_flow": (timedelta(minutes=1), ["brt-capture"]),
        "postgres_storage_flow": (timedelta(minutes=13), ["brt-load"]),
        "dbt_flow": (timedelta(minutes=1), ["brt-transform"]),
        "recover_flow": (timedelta(hours=1), ["brt-recover"]),
        "mirror_flow": (timedelta(hours=1), ["brt-mirror"]),
    }


ELSEWHERE = """
import os, sys
import brt_watch.flows
print("prefect" in sys.modules)
del os.environ["BRT_WATCH_POLL_SECONDS"]
from brt_watch.flows import dbt_flow
import prefect
print(prefect.config.home_dir, prefect.config.backend)
print(*(flow.serialized_hash() for flow in brt_watch.flows.load_flows().values()))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, run_python: Callable[..., str]) -> tuple[Path, list[str]]:
    """The home of a user whose settings are unusable at first, and what another process prints there, by line."""
    home = tmp_path_factory.mktemp("home")
    settings = {"BRT_WATCH_DATA": str(home / "data"), "BRT_WATCH_POLL_SECONDS": "7"}
    return home, run_python(ELSEWHERE, HOME=str(home), PYTHONHASHSEED="7", **settings).splitlines()


def test_flow_registers_identically_from_any_process(flows: Any, elsewhere: tuple[Path, list[str]]) -> None:
    assert [flow.serialized_hash() for flow in flows.FLOWS.values()] == elsewhere[1][2].split()
    for flow in flows.FLOWS.values():
        assert flow.serialize()["schedule"]["clocks"][0]["start_date"]["dt"].startswith("2019-01-01")


def test_a_minute_is_three_polls_and_says_so(flows: Any, resources: Resources) -> None:
    state = run(flows.local_storage_flow)
    assert state.is_successful()
    polls = states(flows.local_storage_flow, state, "capture")
    assert [str(poll.result.tick.time()) for poll in polls] == ["12:00:00", "12:00:20", "12:00:40"]
    (summary,) = flows.local_storage_flow.reference_tasks()
    assert state.result[summary].message == "3 of 3 polls good, 3 records"


def test_failed_poll_fails_its_task_and_the_minute_goes_on(flows: Any, resources: Resources) -> None:
    feed(resources).script = [FeedFailed("unreachable", "no route")]
    state = run(flows.local_storage_flow)
    assert state.is_successful()
    polls = states(flows.local_storage_flow, state, "capture")
    assert [type(poll).__name__ for poll in polls] == ["Failed", "Success", "Success"]
    assert polls[0].message == "unreachable: no route"


def test_a_minute_without_a_good_poll_has_failed(flows: Any, resources: Resources) -> None:
    feed(resources).script = [FeedFailed("unreachable", "no route")] * 3
    state = run(flows.local_storage_flow)
    assert state.is_failed()


def test_past_minute_is_skipped_and_recorded_as_missed(flows: Any, resources: Resources) -> None:
    run(flows.local_storage_flow)
    clock = resources.clock
    assert isinstance(clock, StillClock)
    clock.time = NOON + timedelta(minutes=5)
    state = run(flows.local_storage_flow, NOON + timedelta(minutes=1))
    (summary,) = flows.local_storage_flow.reference_tasks()
    assert state.result[summary].is_skipped()
    run(flows.local_storage_flow, NOON + timedelta(minutes=5))
    (window,) = resources.files.newest_first()
    polls = [line.poll for line in read_ledger(window)]
    assert [poll.status.value for poll in polls] == ["ok"] * 3 + ["missed"] * 12 + ["ok"] * 3


def test_a_minute_that_comes_again_is_captured_again(flows: Any, resources: Resources) -> None:
    run(flows.local_storage_flow)
    clock = resources.clock
    assert isinstance(clock, StillClock)
    clock.time = NOON
    run(flows.local_storage_flow)
    (window,) = resources.files.newest_first()
    assert len({line.poll.tick for line in read_ledger(window)}) == 6


def test_no_minute_is_passed_over_when_the_clock_is_set() -> None:
    """A process that runs its own flow begins with the rest of the minute that the clock shows, whatever it showed."""
    from brt_watch.flows.schedules import EveryMinute

    clock = StillClock(NOON)
    schedule = EveryMinute(clock)

    def begins(seconds: float) -> float:
        clock.time = NOON + timedelta(seconds=seconds)
        (event,) = schedule.next(1, return_events=True)
        return float((event.start_time - NOON).total_seconds())

    assert begins(30) == 30, "at start, what is left of the minute"
    assert begins(41) == 60
    assert begins(60 + 57) == 120, "a run that took long"
    assert begins(-109) == -109, "set back during a run"
    assert begins(-80) == -60
    assert begins(3610) == 3610, "set ahead, or the machine slept"
    assert begins(3656) == 3660


def test_a_minute_in_which_the_capture_itself_fails_has_failed(
    flows: Any, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tick: datetime, resources: Resources) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipeline, "capture", full)
    state = run(flows.local_storage_flow)
    assert state.is_failed()
    (summary,) = flows.local_storage_flow.reference_tasks()
    assert "No space left" in state.result[summary].message


def test_each_window_is_a_task_of_the_load(flows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(folder: Path, resources: Resources) -> Loaded:
        if folder.name == "b":
            raise DatabaseUnreachable(where="x", reason="gone")
        return Loaded(folder.name, records=10, signals=4, rejects=0)

    monkeypatch.setattr(pipeline, "windows_to_load", lambda resources: [Path("a"), Path("b"), Path("c")])
    monkeypatch.setattr(pipeline, "load", load)
    state = run(flows.postgres_storage_flow)
    assert state.is_failed()
    loads = states(flows.postgres_storage_flow, state, "load")
    assert [type(load).__name__ for load in loads] == ["Success", "Failed", "Success"]
    (summary,) = flows.postgres_storage_flow.get_tasks(name="sum_up_loads")
    assert state.result[summary].message == "2 of 3 windows loaded, 8 new signals"


def test_a_load_without_a_closed_window_is_skipped(flows: Any) -> None:
    state = run(flows.postgres_storage_flow)
    (summary,) = flows.postgres_storage_flow.get_tasks(name="sum_up_loads")
    assert state.is_successful()
    assert state.result[summary].is_skipped()


@pytest.mark.parametrize(("due", "expected"), [(True, "Success"), (False, "Skipped")])
def test_dbt_runs_after_a_load_and_not_without_one(
    flows: Any, monkeypatch: pytest.MonkeyPatch, due: bool, expected: str
) -> None:
    monkeypatch.setattr(pipeline, "transform_if_due", lambda resources: Derived(3, 5, 0.5) if due else None)
    state = run(flows.dbt_flow)
    (task,) = flows.dbt_flow.get_tasks(name="transform")
    assert type(state.result[task]).__name__ == expected


def test_prefect_writes_nothing_into_the_users_home(elsewhere: tuple[Path, list[str]]) -> None:
    home, lines = elsewhere
    assert lines[1] == f"{home / 'data' / 'prefect'} server"
    assert not (home / ".prefect").exists()


def test_nothing_is_read_when_the_flows_are_imported(elsewhere: tuple[Path, list[str]]) -> None:
    """Unusable settings are an error at start, not at import."""
    assert elsewhere[1][0] == "False"


def test_flows_that_were_registered_before_are_found(flows: Any) -> None:
    """The server names a flow and its module; that of the first release was brt_watch.flows."""
    from prefect.storage import Module

    for name, flow in flows.FLOWS.items():
        registered = Module("brt_watch.flows")
        registered.flows[name] = "brt_watch.flows"
        assert registered.get_flow(name) is flow
        assert flow.storage.module == "brt_watch.flows"
