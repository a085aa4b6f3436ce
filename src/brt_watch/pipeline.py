"""The pipeline in plain functions: capture, load, transform. Nothing here uses Prefect.

    API ──capture──▶ window on disk ──load──▶ Postgres brt_raw ──transform (dbt)──▶ generate_view

Each step can be run by hand, run twice, and killed at any moment without losing or doubling a signal.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import structlog

from brt_watch import lock
from brt_watch.archive.mirror import Mirrored, push
from brt_watch.archive.windows import pack
from brt_watch.capture.alerts import PATIENCE_SECONDS
from brt_watch.capture.manifest import Manifest, read_manifest
from brt_watch.capture.poll import MARGIN, close, is_due, poll_without_disk, repaired_window, take_poll
from brt_watch.capture.recovery import Recovered, holes, loadable, recovery_of
from brt_watch.capture.recovery import recover as capture_recovery
from brt_watch.clock import MINUTE, floor
from brt_watch.errors import AlreadyRunning, DamagedWindow
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded
from brt_watch.store.window import reading_window
from brt_watch.transform import runner as dbt
from brt_watch.transform.city import city_is_due, update_city
from brt_watch.transform.line_alerts import LineAlerts
from brt_watch.transform.trained import FORECASTS, TrainedFiles

log = structlog.get_logger()

LAST_MOMENT = timedelta(milliseconds=200)
"""The wait for the polls of a tick ends this long before the next tick."""


# -- capture --------------------------------------------------------------------------------------------------------


def capture(tick: datetime, resources: Resources) -> Poll:
    """Wait for the tick, ask the API, and write one line to the ledger, whatever happens."""
    if (ahead := tick - resources.clock.now()) > MINUTE:
        # The tick was scheduled before the clock was set back.
        tick -= ahead // MINUTE * MINUTE
    resources.clock.sleep_until(tick)
    # If the clock was set back during the sleep, the current tick is an earlier one.
    tick = min(tick, floor(resources.clock.now(), resources.step))
    started = time.perf_counter()
    with resources.files.writing():
        resources.files.state.keep_reserve()
        try:
            poll, alerts = take_poll(tick, resources)
        except OSError as error:
            poll, alerts = poll_without_disk(tick, error, resources)
    log.info(
        "capture",
        **({"feed": resources.name} if resources.name else {}),
        tick=str(tick),
        status=poll.status.value,
        reason=poll.reason,
        detail=poll.detail,
        records=poll.records,
        rejects=poll.rejects,
        bytes=poll.body_bytes,
        seconds=round(time.perf_counter() - started, 3),
    )
    left = resources.clock.real_seconds(tick + resources.step - MARGIN - resources.clock.now())
    resources.webhook.send(alerts, min(PATIENCE_SECONDS, max(0.0, left)))
    return poll


def capture_feeds(tick: datetime, resources: Resources) -> dict[str, Poll]:
    """Poll every feed at a tick, each in its own thread; returns the polls by feed name.

    The first feed has no name. A poll ends a second before the next tick, so one slow feed delays no other; a
    poll that takes longer anyway, on a busy machine, is abandoned, and its feed misses that tick.
    """
    polls: dict[str, Poll] = {}

    def capture_one(each: Resources) -> None:
        try:
            polls[each.name] = capture(tick, each)
        except Exception:
            # An error in one feed must not cost the others their polls.
            log.exception("capture_failed", feed=each.name, tick=str(tick))

    # A feed that is asked less often is left out at the ticks between.
    asked = [each for each in resources.further if floor(tick, resources.step) == floor(tick, each.step)]
    threads = [Thread(target=capture_one, args=(each,), daemon=True) for each in asked]
    for thread in threads:
        thread.start()
    polls[resources.name] = capture(tick, resources)
    ends_at = tick + resources.step - LAST_MOMENT
    for thread in threads:
        thread.join(max(0.0, resources.clock.real_seconds(ends_at - resources.clock.now())))
    return dict(polls)


# -- load -----------------------------------------------------------------------------------------------------------


def windows_to_load(resources: Resources) -> list[Path]:
    """Return the closed windows of every feed, oldest first, after closing the open ones that are due."""
    for each in resources.feeds:
        # A poll in progress closes the window itself.
        with suppress(AlreadyRunning), each.files.writing():
            window = repaired_window(each)
            if window and is_due(window, each.clock.now(), each):
                close(window, each)
    return [folder for each in resources.feeds for folder in each.files.closed_windows()]


def load(folder: Path, resources: Resources) -> Loaded:
    """Load one closed window into Postgres and the lake, then archive it. Loading twice equals loading once.

    A window that differs from its manifest is set aside, so that it does not block the others, and DamagedWindow is
    raised.
    """
    started = time.perf_counter()
    resources = resources.of(folder)
    # A manual load may run beside the flow.
    with lock.hold(resources.settings.folder / "run" / "load.lock", "A load", patience_seconds=60):
        if not folder.exists():
            return Loaded(folder.name, 0, 0, 0, again=True)
        try:
            manifest = read_manifest(folder)
            loaded = _load(folder, manifest, resources)
        except DamagedWindow as damage:
            resources.files.set_aside(folder, damage)
            raise
        # Packed first, so that archived windows need no further work.
        pack(folder)
        resources.files.to_archive(folder)
    log.info("load", **loaded.as_dict(), seconds=round(time.perf_counter() - started, 3))
    return loaded


def _load(folder: Path, manifest: Manifest, resources: Resources) -> Loaded:
    if not resources.settings.uses_postgres:
        return resources.lake.add(folder, manifest)
    # Its CSV is read once for both.
    with tempfile.TemporaryDirectory() as work, reading_window(folder, Path(work)) as reading:
        loaded = resources.store.load_window(folder, manifest, reading=reading)
        # After Postgres: a problem with the lake delays nothing there, and the window stays until both have it.
        resources.lake.add(folder, manifest, reading=reading)
    return loaded


# -- recover --------------------------------------------------------------------------------------------------------


def recover(
    resources: Resources,
    since: datetime | None = None,
    until: datetime | None = None,
    ends_at: datetime | None = None,
) -> Recovered:
    """Recover missed minutes from the service that keeps them for days, and load them after the capture's own.

    Safe to repeat.
    """
    recovery = recovery_of(resources)
    with lock.hold(resources.settings.folder / "run" / "recover.lock", "A recovery"):
        minutes = holes(resources, recovery, since, until)
        done = Recovered()
        if minutes:
            done = capture_recovery(minutes, resources, recovery, ends_at, resources.webhook.send)
        done.holes = len(minutes)
        for folder in loadable(resources, recovery):
            load(folder, replace(resources, files=recovery.files))
        done.waiting = len(recovery.files.closed_windows())
    return done


# -- mirror ---------------------------------------------------------------------------------------------------------


def mirror(resources: Resources) -> Mirrored:
    """Copy what is new or changed in the lake to the place of the settings. Safe to repeat."""
    started = time.perf_counter()
    done = Mirrored.of(push(resources.lake, resources.settings.lake_mirror.get_secret_value()))
    log.info("mirror", **asdict(done), seconds=round(time.perf_counter() - started, 3))
    return done


# -- city -------------------------------------------------------------------------------------------------------------


def renew_city(resources: Resources) -> bool:
    """Look once a day for a newer GTFS of another city; returns whether its lines have new versions."""
    if not city_is_due(resources.settings):
        return False
    updated = update_city(resources.settings)
    log.info("city", made=updated.made, problem=updated.problem)
    return updated.made


# -- transform ------------------------------------------------------------------------------------------------------


def transform_is_due(resources: Resources) -> bool:
    """Whether something was loaded since the models were last derived."""
    store = resources.models
    return store.newest_load() > store.newest_transform()


def network_is_new(resources: Resources) -> bool:
    """Whether the reference files or the models differ from those of the database; the next transform builds all."""
    return resources.models.newest_network() != dbt.definitions_sha256(resources.settings.folder)


def transform(resources: Resources, *arguments: str) -> dbt.Derived:
    """Derive the models from all loads, and record the newest one; `arguments` go to dbt."""
    with resources.models.alone_transforming():
        return _transform(resources, *arguments)


def transform_if_due(resources: Resources) -> dbt.Derived | None:
    """Derive the models if something was loaded since they were last derived; returns None if not."""
    if not transform_is_due(resources):
        return None
    with resources.models.alone_transforming():
        # Another machine may have derived them in the meantime.
        return _transform(resources) if transform_is_due(resources) else None


def _transform(resources: Resources, *arguments: str) -> dbt.Derived:
    started = time.perf_counter()
    store = resources.models
    newest_load = store.newest_load()
    # Read once, before dbt reads the files, so that the compared checksum is the recorded one.
    network = dbt.definitions_sha256(resources.settings.folder)
    is_new = store.newest_network() != network
    transform_id = store.begin_transform(newest_load)
    if is_new and (outdated := _outdated_tables(resources)):
        log.info("transform.rebuild", tables=outdated)
        arguments = (*arguments, "--full-refresh")
    derived = dbt.build(resources.settings, store.connection_parameters(), *arguments, with_network=is_new)
    store.finish_transform(transform_id, derived.seconds, network)
    log.info("transform", **derived.as_dict(), load_id=newest_load, seconds=round(time.perf_counter() - started, 3))
    if not set(arguments) - {"--full-refresh"}:
        # Every model was derived.
        train(resources)
        resources.webhook.send(LineAlerts(resources.settings.folder).update(store.csv_of, resources.clock.now()))
    return derived


def _outdated_tables(resources: Resources) -> list[str]:
    """Return the tables of an earlier version, whose columns are not those of their models."""
    models = dbt.incremental_tables(resources.settings.folder)
    found = resources.models.columns(models)
    return sorted(name for name in found if found[name] != models[name])


# -- train ----------------------------------------------------------------------------------------------------------


def train(resources: Resources) -> str:
    """Write the history that forecasts need as files for the live page; the same history gives the same files."""
    version = TrainedFiles(resources.settings.folder / FORECASTS).write(resources.models.csv_of)
    log.info("train", version=version)
    return version
