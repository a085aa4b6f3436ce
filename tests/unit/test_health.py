"""The one rule of health, on folders as the processes leave them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from brt_watch import health, lock, pipeline
from brt_watch.capture import silence
from brt_watch.clock import StillClock, write_moment
from brt_watch.errors import FeedFailed
from brt_watch.health import FLOWS, Problem, failing_since, write_failing
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.web.app import create_app
from tests.ask_web import ask
from tests.conftest import ScriptedFeed
from tests.made_vehicles import NOON


@pytest.fixture
def resources(make_resources: Callable[..., Resources]) -> Resources:
    return make_resources(postgres_port=1024)


@contextmanager
def capturing(resources: Resources) -> Iterator[None]:
    """The lock of the capture is held, as by its flow; it was started at the time of the test."""
    path = resources.settings.folder / "run" / f"{FLOWS['capture']}.lock"
    with lock.hold(path, "capture"):
        started = resources.clock.now().timestamp()
        os.utime(path, (started, started))
        yield


def found(resources: Resources) -> list[Problem]:
    return health.problems(health.look(resources.settings, resources.files, resources.clock))


def codes(resources: Resources) -> list[str]:
    return [problem.code for problem in found(resources)]


def sentences(resources: Resources) -> str:
    return " ".join(problem.sentence for problem in found(resources))


def advance(resources: Resources, step: timedelta) -> None:
    assert isinstance(resources.clock, StillClock)
    resources.clock.time += step


def test_a_capture_that_polls_is_well(resources: Resources) -> None:
    with capturing(resources):
        assert codes(resources) == []
        pipeline.capture(NOON, resources)
        advance(resources, silence.BEHIND - timedelta(seconds=10))
        assert codes(resources) == []
        advance(resources, timedelta(minutes=1))
        assert codes(resources) == ["no_good_poll"]


def test_no_good_poll_since_the_start_is_a_problem(resources: Resources) -> None:
    """Every poll dies before the ledger has a line: only the time since the start shows the problem."""
    with capturing(resources):
        advance(resources, silence.BEHIND + timedelta(seconds=1))
        assert codes(resources) == ["no_good_poll"]
        assert "make start" not in sentences(resources)
        assert "capture.log" in sentences(resources)


def test_before_the_first_good_poll_a_failure_counts_at_once(resources: Resources) -> None:
    """As for /health and the page, which have nothing to show then."""
    resources.client.script += [FeedFailed("unreachable", "no route")]  # type: ignore[attr-defined]
    with capturing(resources):
        pipeline.capture(NOON, resources)
        assert codes(resources) == ["no_good_poll"]
        assert "no route" in sentences(resources)
        pipeline.capture(NOON + resources.step, resources)
        resources.client.script += [FeedFailed("unreachable", "no route")]  # type: ignore[attr-defined]
        pipeline.capture(NOON + 2 * resources.step, resources)
        assert codes(resources) == [], "one failure after a good poll is none"


def test_a_failing_flow_is_a_problem_with_its_reason(resources: Resources) -> None:
    with capturing(resources):
        mark = resources.settings.folder / "run" / "dbt_flow.failing"
        write_failing(mark, write_moment(NOON), "transform: Postgres refuses")
        assert codes(resources) == ["run_failed"]
        assert f"dbt_flow has been failing since {NOON:%Y-%m-%d %H:%M:%S}" in sentences(resources)
        assert "Postgres refuses" in sentences(resources)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [("recover", "recover_url", "http://127.0.0.1:9/minutes"), ("mirror", "lake_mirror", "s3://bucket/brt")],
)
def test_an_hourly_flow_that_is_wanted_and_dead_is_a_problem(
    make_resources: Callable[..., Resources],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    setting: str,
    value: str,
    wanted: bool,
) -> None:
    resources = make_resources(postgres_port=1024, **{setting: value if wanted else ""})
    monkeypatch.setattr(health, "supervisor_process", lambda folder: psutil.Process())
    monkeypatch.setattr(health, "STARTING_SECONDS", -1)
    said = f"{name} is not running"
    with capturing(resources):
        assert (said in sentences(resources)) == wanted
        with lock.hold(resources.settings.folder / "run" / f"{name}_flow.lock", name):
            assert said not in sentences(resources)


@pytest.mark.parametrize("written", ["", "2026-11-2", "\0\0\0", "2026-11-23T12:00:00.000000Z"])
def test_a_mark_of_before_or_cut_off_is_still_a_mark(resources: Resources, written: str) -> None:
    with capturing(resources):
        mark = resources.settings.folder / "run" / "dbt_flow.failing"
        mark.write_text(written)
        assert codes(resources) == ["run_failed"]
        assert (failing_since(mark) is None) == (len(written) < 20)


def test_the_last_failure_is_said_and_not_to_start_what_runs(resources: Resources) -> None:
    feed = resources.client
    assert isinstance(feed, ScriptedFeed)
    with capturing(resources):
        feed.script = [FeedFailed("unreachable", "no route")] * 20
        for number in range(12):
            pipeline.capture(NOON + number * timedelta(seconds=20), resources)
        assert codes(resources) == ["no_good_poll"]
        assert "12 polls failed, the last with unreachable (no route)" in sentences(resources)
        assert "make start" not in sentences(resources)


def test_what_does_not_run_is_to_be_started(resources: Resources) -> None:
    assert codes(resources) == ["not_running"]
    assert "make start" in sentences(resources)
    pipeline.capture(NOON, resources)
    assert codes(resources) == [], "an agent may capture, which holds the lock while it runs a flow only"
    (resources.settings.folder / "run" / health.CONFIGURATION).touch()
    assert codes(resources) == ["not_running"], "what make start has started, and nobody keeps up any more"


def test_polls_that_lie_ahead_are_no_sign_of_life(resources: Resources) -> None:
    pipeline.capture(NOON, resources)
    advance(resources, -timedelta(hours=2))
    with capturing(resources):
        assert codes(resources) == []
        advance(resources, timedelta(minutes=4))
        assert codes(resources) == ["no_good_poll"]


def test_status_health_and_its_details_say_the_same(resources: Resources) -> None:
    write_failing(resources.settings.folder / "run" / "dbt_flow.failing", write_moment(NOON), "no room")
    pipeline.capture(NOON, resources)
    app = create_app(resources)
    app.state.deps.live.look()
    details = ask(app, "/api/v1/health-details").json()["captura"]["problemas"]
    said = ask(app, "/health")
    assert said.status_code == 503
    assert said.json()["detail"] == " ".join(details)
    assert details == report(resources).problems
    assert [detail[:8] for detail in details] == ["dbt_flow", "Postgres"]


def test_the_page_shows_the_last_failure_before_the_first_poll(resources: Resources) -> None:
    app = create_app(resources)
    app.state.deps.live.look()
    with capturing(resources):
        feed = resources.client
        assert isinstance(feed, ScriptedFeed)
        feed.script = [FeedFailed("unreachable", "no route")] * 20
        for number in range(12):
            pipeline.capture(NOON + number * timedelta(seconds=20), resources)
        detail = ask(app, "/health").json()["detail"]
    assert "unreachable" in detail
    assert "make start" not in detail


def test_the_times_of_silence_are_one_table() -> None:
    assert silence.GAP < silence.BEHIND < silence.ALERT
    source = Path(silence.__file__).parents[1]
    for path in source.rglob("*.py"):
        assert path.name == "silence.py" or "good poll for longer" not in path.read_text(), path
