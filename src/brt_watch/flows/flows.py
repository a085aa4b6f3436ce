"""Everything Prefect, and only here: the three flows over the steps of `pipeline.py`.

    local_storage_flow      every minute: the polls of the minute into the open window's CSV
    postgres_storage_flow   every 13 minutes: closed windows into Postgres
    dbt_flow                every minute, skipped unless something was loaded: the models

The same objects run in three ways: here under their own schedules (`run_on_schedule`), or registered with a Prefect
Server and run by one agent or several, which choose flows by label (docs/how-it-works.md#prefect).
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from brt_watch import lock, pipeline
from brt_watch.archive import tidy as archived
from brt_watch.capture.ticks import ticks_of_minute
from brt_watch.clock import MINUTE, UTC, floor
from brt_watch.flows import home as flow_home
from brt_watch.masking import MaskingFilter
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.settings import load_settings
from brt_watch.store.load import Loaded
from brt_watch.transform.runner import Derived

SETTINGS = load_settings()
CLOCK = SETTINGS.time

# Prefect reads its configuration when it is imported.
flow_home.enter(SETTINGS)

import prefect  # noqa: E402
from prefect import Flow, task  # noqa: E402
from prefect.engine import signals  # noqa: E402
from prefect.engine.state import State  # noqa: E402
from prefect.run_configs import DockerRun, LocalRun, RunConfig  # noqa: E402
from prefect.schedules import IntervalSchedule  # noqa: E402
from prefect.storage import Module  # noqa: E402
from prefect.triggers import all_finished  # noqa: E402

from brt_watch.flows.runs import Runs, show  # noqa: E402
from brt_watch.flows.schedules import EveryMinute  # noqa: E402

ANCHOR = datetime(2019, 1, 1, tzinfo=UTC)
"""Schedules count from here: fixed, so that a flow registers as the same flow every time."""

AFTER_CLOSING = timedelta(seconds=30)
"""So long after a window may be closed the load comes: the poll that closes it is through then."""

AFTER_LOADING = timedelta(seconds=45)

# dbt sets up a log of everything in its process; Prefect's lines would be there twice.
logging.getLogger("prefect").propagate = False
for handler in logging.getLogger("prefect").handlers:
    handler.addFilter(MaskingFilter())


@cache
def resources() -> Resources:
    """Build the resources of the steps when the first task of this process needs them."""
    return Resources.from_settings(SETTINGS)


def every(interval: timedelta, start: datetime) -> IntervalSchedule:
    """Return a schedule by our clock, which may be a pretended one."""
    return IntervalSchedule(interval=timedelta(seconds=CLOCK.real_seconds(interval)), start_date=CLOCK.to_real(start))


def run_config(label: str) -> RunConfig:
    """Return where an agent with this label runs the flow: where it is itself, or in a container of our image.

    A container gets its settings, network and data folder from its agent, so that no password lies with the server.
    """
    image = SETTINGS.flow_image
    return DockerRun(image=image, labels=[label]) if image else LocalRun(labels=[label])


def runs(late: timedelta) -> Runs:
    """Return what watches over the runs of a flow; a run that is later than `late` is of no use."""
    return Runs(SETTINGS.folder, late, CLOCK, lambda: resources().webhook)


# -- local_storage_flow ---------------------------------------------------------------------------------------------


@task(name="plan", tags=["capture"])
def plan() -> list[datetime]:
    """Return the ticks of the scheduled minute."""
    # Prefect's own kind of moment does not calculate like Python's. And a schedule is right to the microsecond only.
    scheduled = datetime.fromtimestamp(prefect.context.scheduled_start_time.timestamp() + 0.001, UTC)
    scheduled = CLOCK.from_real(scheduled)
    return ticks_of_minute(floor(scheduled, MINUTE), resources())


@task(name="capture", tags=["capture"], task_run_name="capture {tick:%H:%M:%S}")
def capture(tick: datetime) -> Poll:
    """Poll at a tick."""
    poll = pipeline.capture(tick, resources())
    if not poll.status.is_good:
        raise signals.FAIL(f"{poll.reason}: {poll.detail}", result=poll)
    return poll


@task(name="sum_up_polls", tags=["capture"], trigger=all_finished, skip_on_upstream_skip=False)
def sum_up_polls(polls: list[Poll | Exception] | None) -> None:
    """Say in the state of the run how the minute went; a minute without a good poll has failed."""
    if polls is None:
        raise signals.FAIL("the ticks of the minute could not be planned")
    if not polls:
        raise signals.SKIP("the minute was over before this run began; the ledger will say so")
    good = [poll for poll in polls if isinstance(poll, Poll) and poll.status.is_good]
    records, rejects = sum(poll.records for poll in good), sum(poll.rejects for poll in good)
    reasons = {poll.reason if isinstance(poll, Poll) else repr(poll) for poll in polls if poll not in good}
    show(
        good_polls=f"{len(good)} of {len(polls)}",
        records=records,
        rejects=rejects,
        bytes=sum(poll.body_bytes or 0 for poll in good),
        failures=", ".join(sorted(reasons)) or "none",
    )
    summary = f"{len(good)} of {len(polls)} polls good, {records} records"
    raise signals.SUCCESS(summary) if good else signals.FAIL(f"{summary}: {', '.join(sorted(reasons))}")


with Flow(
    "local_storage_flow",
    schedule=every(MINUTE, ANCHOR),
    storage=Module("brt_watch.flows.flows"),
    run_config=run_config("brt-capture"),
) as local_storage_flow:
    local_storage_flow.set_reference_tasks([sum_up_polls(capture.map(plan()))])


# -- postgres_storage_flow ------------------------------------------------------------------------------------------


@task(name="windows_to_load", tags=["load"])
def windows_to_load() -> list[str]:
    """Return the folders of the closed windows, oldest first."""
    return [str(folder) for folder in pipeline.windows_to_load(resources())]


@task(name="load", tags=["load"], task_run_name=lambda folder, **_: f"load {Path(folder).name}")
def load(folder: str) -> Loaded:
    """Load a window."""
    return pipeline.load(Path(folder), resources())


@task(name="sum_up_loads", tags=["load"], trigger=all_finished, skip_on_upstream_skip=False)
def sum_up_loads(loads: list[Loaded | Exception] | None) -> None:
    """Say in the state of the run what was loaded; a window that could not be loaded fails it."""
    if loads is None:
        raise signals.FAIL("the closed windows could not be found")
    done = [loaded for loaded in loads if isinstance(loaded, Loaded)]
    if not loads:
        raise signals.SKIP("no window is closed yet")
    new = sum(loaded.signals for loaded in done)
    show(
        windows=f"{len(done)} of {len(loads)}",
        records=sum(loaded.records for loaded in done),
        new_signals=new,
        rejects=sum(loaded.rejects for loaded in done),
    )
    summary = f"{len(done)} of {len(loads)} windows loaded, {new} new signals"
    raise signals.SUCCESS(summary) if len(done) == len(loads) else signals.FAIL(summary)


@task(name="archive", tags=["load"], trigger=all_finished, skip_on_upstream_skip=False)
def archive() -> archived.Tidied:
    """Tidy the archive."""
    return archived.tidy(resources())


with Flow(
    "postgres_storage_flow",
    schedule=every(SETTINGS.load_minutes * MINUTE, ANCHOR + AFTER_CLOSING),
    storage=Module("brt_watch.flows.flows"),
    run_config=run_config("brt-load"),
) as postgres_storage_flow:
    summary = sum_up_loads(load.map(windows_to_load()))
    postgres_storage_flow.set_reference_tasks([summary, archive(upstream_tasks=[summary])])


# -- dbt_flow -------------------------------------------------------------------------------------------------------


@task(name="transform", tags=["transform"])
def transform() -> Derived:
    """Derive the models if something was loaded since the last time."""
    derived = pipeline.transform_if_due(resources())
    if derived is None:
        raise signals.SKIP("nothing was loaded since the last transform")
    show(**derived.as_dict(), seconds=round(derived.seconds, 1))
    return derived


with Flow(
    "dbt_flow",
    schedule=every(MINUTE, ANCHOR + AFTER_LOADING),
    storage=Module("brt_watch.flows.flows"),
    run_config=run_config("brt-transform"),
) as dbt_flow:
    transform()


# A poll is of use in its minute only; a load takes all that is closed, a transform all that is loaded.
runs(late=MINUTE).watch_over(local_storage_flow)
runs(late=SETTINGS.load_minutes * MINUTE).watch_over(postgres_storage_flow)
runs(late=MINUTE).watch_over(dbt_flow)

FLOWS: dict[str, Flow] = {flow.name: flow for flow in (local_storage_flow, postgres_storage_flow, dbt_flow)}


def _only_run_of(name: str) -> AbstractContextManager[None]:
    return lock.hold(SETTINGS.folder / "run" / f"{name}.lock", name)


def run_once(name: str) -> State:
    """Run a flow now, once; returns its state. Raises AlreadyRunning while it runs on its schedule."""
    with _only_run_of(name):
        return FLOWS[name].run(run_on_schedule=False)


def run_on_schedule(name: str) -> None:
    """Run a flow on its schedule until the process is ended, which may be at any moment."""
    flow = FLOWS[name]
    with _only_run_of(name):
        if flow is local_storage_flow:
            flow.schedule = EveryMinute(CLOCK)
        if flow is postgres_storage_flow:
            # Counted from now, so that what an earlier run left is loaded at once, and the window that begins now as
            # soon as it is closed.
            flow.schedule = every(SETTINGS.load_minutes * MINUTE, CLOCK.now() + AFTER_CLOSING)
        flow.run()
