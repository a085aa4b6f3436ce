"""The flows over the steps of `pipeline.py`; get them by `brt_watch.flows.load_flows`, which prepares Prefect.

    local_storage_flow      every minute: the polls of the minute into the open window's CSV
    postgres_storage_flow   every 13 minutes: closed windows into Postgres
    dbt_flow                every minute, skipped unless something was loaded: the models
    recover_flow            every hour: missed minutes, from the service that keeps them for days
    mirror_flow             every hour: the lake, to the place that BRT_WATCH_LAKE_MIRROR names

The same objects run in three ways: here on their own schedules (`run_on_schedule`), or registered with a Prefect
Server and run by one or several agents, which select flows by label (docs/explanation/how-it-works.md#prefect).
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import prefect
from prefect import Flow, task
from prefect.engine import signals
from prefect.engine.state import State
from prefect.run_configs import DockerRun, LocalRun, RunConfig
from prefect.schedules import IntervalSchedule
from prefect.storage import Module
from prefect.triggers import all_finished

from brt_watch import lock, pipeline
from brt_watch.archive.mirror import Mirrored
from brt_watch.archive.prune import Pruned, prune_feeds
from brt_watch.capture.recovery import Recovered
from brt_watch.capture.ticks import ticks_of_minute
from brt_watch.clock import MINUTE, UTC, Clock, floor
from brt_watch.flows.home import MODULE, label_of
from brt_watch.flows.runs import Runs, be_patient_with_the_server, show
from brt_watch.flows.schedules import EveryMinute
from brt_watch.health import ALL_FLOWS, MIRROR, RECOVER
from brt_watch.masking import MaskingFilter
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.settings import Settings, load_settings
from brt_watch.store.load import Loaded
from brt_watch.transform.runner import Derived

ANCHOR = datetime(2019, 1, 1, tzinfo=UTC)
"""The start of all schedules: fixed, so that a flow always registers as the same flow."""

AFTER_CLOSING = timedelta(seconds=30)
"""Delay of the load after a window may be closed: by then the poll that closes it has ended."""

AFTER_LOADING = timedelta(seconds=45)

HOUR = timedelta(hours=1)

AFTER_THE_HOUR = timedelta(minutes=7)
"""Away from the load peak at the full hour."""

LATER_IN_THE_HOUR = timedelta(minutes=37)
"""Away from the recovery."""

RECOVERY_TIME = timedelta(minutes=50)
"""Time limit of a recovery run: the next run continues."""


@cache
def resources() -> Resources:
    """Build the resources of the steps when the first task of this process needs them."""
    return Resources.from_settings(load_settings())


# -- local_storage_flow ---------------------------------------------------------------------------------------------


@task(name="plan", tags=["capture"])
def plan() -> list[datetime]:
    """Return the ticks of the scheduled minute."""
    # Prefect's datetime type does not calculate like Python's, and a schedule is exact only to the microsecond.
    scheduled = datetime.fromtimestamp(prefect.context.scheduled_start_time.timestamp() + 0.001, UTC)
    scheduled = resources().clock.from_real(scheduled)
    return ticks_of_minute(floor(scheduled, MINUTE), resources())


@task(name="capture", tags=["capture"], task_run_name="capture {tick:%H:%M:%S}")
def capture(tick: datetime) -> Poll:
    """Poll every feed at a tick; the run reports the first one."""
    poll = pipeline.capture_feeds(tick, resources())[resources().name]
    if not poll.status.is_good:
        raise signals.FAIL(f"{poll.reason}: {poll.detail}", result=poll)
    return poll


@task(name="sum_up_polls", tags=["capture"], trigger=all_finished, skip_on_upstream_skip=False)
def sum_up_polls(polls: list[Poll | Exception] | None) -> None:
    """Set the state of the run from its polls; a minute without a good poll has failed."""
    if polls is None:
        raise signals.FAIL("the ticks of the minute could not be planned")
    if not polls:
        raise signals.SKIP("the minute was over before this run began; the ledger will record it")
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
    """Set the state of the run from its loads; a window that could not be loaded fails it."""
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
def archive() -> Pruned:
    """Prune the archive."""
    return prune_feeds(resources())


# -- dbt_flow -------------------------------------------------------------------------------------------------------


@task(name="transform", tags=["transform"])
def transform() -> Derived:
    """Derive the models if something was loaded since the last time."""
    pipeline.renew_city(resources())
    derived = pipeline.transform_if_due(resources())
    if derived is None:
        raise signals.SKIP("nothing was loaded since the last transform")
    show(**derived.as_dict(), seconds=round(derived.seconds, 1))
    return derived


# -- recover_flow ---------------------------------------------------------------------------------------------------


@task(name="recover", tags=["recover"])
def recover() -> Recovered:
    """Recover missed minutes from the city's service that keeps them, and load them."""
    if not resources().settings.recovers:
        raise signals.SKIP("no service to recover from is set")
    done = pipeline.recover(resources(), ends_at=resources().clock.now() + RECOVERY_TIME)
    show(holes=done.holes, minutes=done.minutes, records=done.records, still_missing=sum(done.failures.values()))
    if done.failures and not done.minutes:
        raise signals.FAIL(", ".join(f"{reason}: {count}" for reason, count in done.failures.items()))
    return done


# -- mirror_flow ----------------------------------------------------------------------------------------------------


@task(name="mirror", tags=["mirror"])
def mirror() -> Mirrored:
    """Copy what is new or changed in the lake to the place of the settings."""
    if not resources().settings.mirrors:
        raise signals.SKIP("BRT_WATCH_LAKE_MIRROR names no place")
    done = pipeline.mirror(resources())
    show(**asdict(done))
    return done


# -- the flows ------------------------------------------------------------------------------------------------------


def build(settings: Settings) -> dict[str, Flow]:
    """Return the flows by name, as configured by the settings."""
    clock = settings.time
    # dbt sets up a root log handler in its process; Prefect's lines would appear twice.
    logging.getLogger("prefect").propagate = False
    for handler in logging.getLogger("prefect").handlers:
        handler.addFilter(MaskingFilter())
    be_patient_with_the_server()

    made: dict[str, Flow] = {}
    intervals: dict[str, timedelta] = {}

    def flow_of(step: str, interval: timedelta, start: datetime) -> Flow:
        intervals[step], made[step] = interval, Flow(ALL_FLOWS[step], schedule=every(interval, start, clock))
        return made[step]

    with flow_of("capture", MINUTE, ANCHOR) as flow:
        flow.set_reference_tasks([sum_up_polls(capture.map(plan()))])

    with flow_of("load", settings.load_minutes * MINUTE, ANCHOR + AFTER_CLOSING) as flow:
        summary = sum_up_loads(load.map(windows_to_load()))
        flow.set_reference_tasks([summary, archive(upstream_tasks=[summary])])

    with flow_of("transform", MINUTE, ANCHOR + AFTER_LOADING):
        transform()

    with flow_of(RECOVER, HOUR, ANCHOR + AFTER_THE_HOUR):
        recover()

    with flow_of(MIRROR, HOUR, ANCHOR + LATER_IN_THE_HOUR):
        mirror()

    for step, flow in made.items():
        flow.storage = Module(MODULE)
        flow.run_config = run_config(label_of(step), settings)
        # A poll is useful only in its minute; a load takes all closed windows, a transform all loaded ones.
        Runs(settings.folder, intervals[step], clock, lambda: resources().webhook).watch_over(flow)
    return {flow.name: flow for flow in made.values()}


def every(interval: timedelta, start: datetime, clock: Clock) -> IntervalSchedule:
    """Return a schedule on the clock of the settings, which may be simulated."""
    return IntervalSchedule(interval=timedelta(seconds=clock.real_seconds(interval)), start_date=clock.to_real(start))


def run_config(label: str, settings: Settings) -> RunConfig:
    """Return where an agent with this label runs the flow: on its own machine, or in a container of the image.

    A container gets its settings, network and data folder from its agent, so the server stores no password.
    """
    image = settings.flow_image
    return DockerRun(image=image, labels=[label]) if image else LocalRun(labels=[label])


def run_once(flow: Flow, settings: Settings) -> State:
    """Run a flow now, once; returns its state. Raises AlreadyRunning while it runs on its schedule."""
    with _only_run_of(flow, settings):
        return flow.run(run_on_schedule=False)


def run_on_schedule(flow: Flow, settings: Settings) -> None:
    """Run a flow on its schedule until the process is ended, which may be at any moment."""
    clock = settings.time
    with _only_run_of(flow, settings):
        if flow.name == "local_storage_flow":
            flow.schedule = EveryMinute(clock)
        if flow.name == "postgres_storage_flow":
            # Counted from now, so that windows left by an earlier run are loaded at once, and the window that begins
            # now as soon as it is closed.
            flow.schedule = every(settings.load_minutes * MINUTE, clock.now() + AFTER_CLOSING, clock)
        flow.run()


def _only_run_of(flow: Flow, settings: Settings) -> AbstractContextManager[None]:
    return lock.hold(settings.folder / "run" / f"{flow.name}.lock", flow.name)
