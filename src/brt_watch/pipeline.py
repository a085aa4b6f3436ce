"""The way of the data, told in plain functions: capture, load, transform. Nothing here knows Prefect.

    API ──capture──▶ window on disk ──load──▶ Postgres brt_raw ──transform (dbt)──▶ generate_view

Each step can be run by hand, run twice, and killed at any moment without losing or doubling a signal.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import msgspec
import structlog

from brt_watch import disk, lock
from brt_watch.archive.windows import pack
from brt_watch.capture.alerts import PATIENCE_SECONDS, Webhook
from brt_watch.capture.contract import Alert, Watch, watch
from brt_watch.capture.fetch import Feed, Response
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import OpenWindow
from brt_watch.clock import MINUTE, Clock, floor, ticks_after
from brt_watch.errors import AlreadyRunning, DamagedWindow, PollFailed
from brt_watch.feeds.brt import parse
from brt_watch.model import Parsed, Poll, Status, signal_ages
from brt_watch.settings import MIN_CAPTURED_MINUTES, Settings
from brt_watch.store.database import Store
from brt_watch.store.load import Loaded
from brt_watch.transform import runner as dbt

log = structlog.get_logger()

MARGIN = timedelta(seconds=1)
"""A poll ends this long before the next tick, so that the next minute's run never finds this one still at work."""

LEAST_TIME = timedelta(seconds=5)
"""With less time than this before the next tick, a poll waits for that tick instead."""

LATE = timedelta(seconds=5)
"""A poll that starts this long after its tick is marked late; its records are as good as any."""

ENOUGH = 15
"""After so many failed polls in a row (five minutes) the API is asked once a minute, until it answers."""

NOT_THE_APIS = ("disk_full", "disk_error", "client_error")
"""Reasons of failed polls that lie on this machine: they are no sign that the API should be left alone."""

LONGEST_OUTAGE = timedelta(days=1)
"""After an outage the ledger is filled with missed ticks for this long before the first new poll, and not further."""


@dataclass(frozen=True)
class Resources:
    """What the steps work with: the settings, and one object for each thing outside."""

    settings: Settings
    clock: Clock
    feed: Feed
    files: CaptureFiles
    store: Store
    webhook: Webhook

    @classmethod
    def from_settings(cls, settings: Settings) -> Resources:
        """Return the resources that the settings describe."""
        clock, feed_url = settings.time, str(settings.feed_url)
        feed = Feed(feed_url, clock, settings.max_response_bytes)
        files = CaptureFiles(settings.folder, feed_url)
        address, folder = settings.alert_webhook.get_secret_value(), settings.folder.name
        webhook = Webhook(address, lambda: f"{files.capturer}, {folder}")
        return cls(settings, clock, feed, files, Store(settings), webhook)

    @property
    def step(self) -> timedelta:
        """The time from one tick to the next."""
        return timedelta(seconds=self.settings.poll_seconds)


# -- capture --------------------------------------------------------------------------------------------------------


def ticks_of_minute(minute: datetime, resources: Resources) -> list[datetime]:
    """Return the ticks of a minute that can still be kept, and were not just kept; none when the minute is over."""
    # One that lies ahead was planned before the clock was set back.
    minute = min(minute, floor(resources.clock.now() + LEAST_TIME, MINUTE))
    ticks = takewhile(lambda tick: tick < minute + MINUTE, ticks_after(minute - resources.step, resources.step))
    now, newest = resources.clock.now(), resources.files.newest_tick()
    kept = newest if newest and newest <= now else None
    return [tick for tick in ticks if now <= tick + resources.step - LEAST_TIME and tick != kept]


def next_ticks(resources: Resources) -> Iterator[datetime]:
    """Yield the tick that can still be kept now, unless it was, then each that follows in its time, for ever."""
    tick = floor(resources.clock.now() + LEAST_TIME, resources.step)
    if resources.files.newest_tick() == tick:
        tick += resources.step
    while True:
        yield tick
        # After the machine slept, the ticks of that time are gone; when the clock was set back, they come again.
        current = floor(resources.clock.now() + LEAST_TIME, resources.step)
        tick = min(max(tick + resources.step, current), current + resources.step)


def capture(tick: datetime, resources: Resources) -> Poll:
    """Wait for the tick, ask the API, write down what happened: one ledger line a tick, whatever happens."""
    if (ahead := tick - resources.clock.now()) > MINUTE:
        # It was planned before the clock was set back.
        tick -= ahead // MINUTE * MINUTE
    resources.clock.sleep_until(tick)
    # When it was set back during the sleep, this is the tick of another time.
    tick = min(tick, floor(resources.clock.now(), resources.step))
    started = time.perf_counter()
    with resources.files.writing():
        resources.files.state.keep_reserve()
        try:
            poll, alerts = _capture(tick, resources)
        except OSError as error:
            poll, alerts = _capture_without_disk(tick, error, resources)
    log.info(
        "capture",
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


def _capture(tick: datetime, resources: Resources) -> tuple[Poll, list[Alert]]:
    window = _mended_window(resources)
    previous = window.ledger[-1].poll.tick if window and window.ledger else resources.files.newest_tick()
    if window and _is_due(window, tick, resources):
        _close(window, resources)
        window = None
    tick = _told_apart(tick, previous, resources)
    window = window or resources.files.new_window(tick)
    window.record_missed(_missed(previous, tick, resources))
    poll, parsed = _ask(tick, window, resources)
    return _record(poll, parsed, window, resources)


def _record(poll: Poll, parsed: Parsed | None, window: OpenWindow, resources: Resources) -> tuple[Poll, list[Alert]]:
    """Write a poll down, with what the contract watch says of it."""
    remembered, alerts = _watch(poll, parsed, resources)
    if alerts:
        poll = replace(poll, alerts=msgspec.json.encode(alerts).decode())
    poll = window.record(poll, parsed)
    resources.files.state.write_watch(remembered)
    return poll, alerts


def _watch(poll: Poll, parsed: Parsed | None, resources: Resources) -> tuple[Watch, list[Alert]]:
    before = resources.files.state.read_watch()
    try:
        return watch(before, poll, parsed)
    except Exception:
        # A defect of the watch must not cost the ledger its line.
        log.exception("watch_failed", tick=str(poll.tick))
        return before, []


def _capture_without_disk(tick: datetime, error: OSError, resources: Resources) -> tuple[Poll, list[Alert]]:
    """Write down that the disk is full, in the room held for this, or that it failed; raises OSError if it cannot."""
    is_full = error.errno in disk.NO_ROOM
    if is_full:
        resources.files.state.release_reserve()
    window = resources.files.open_window() or resources.files.new_window(tick)
    if window.ledger and window.ledger[-1].poll.tick >= tick:
        return window.ledger[-1].poll, []
    window.forget_raw(tick)
    if is_full:
        failed = Poll(tick, Status.FAILED, "disk_full", f"{error}; it goes on by itself when there is room")
    else:
        failed = Poll(tick, Status.FAILED, "disk_error", f"{error}; it goes on by itself when the disk works again")
    return _record(failed, None, window, resources)


def _mended_window(resources: Resources) -> OpenWindow | None:
    """Return the open window, made whole after a process that died; None when there is none."""
    window = resources.files.open_window()
    if window:
        _take_up(window, resources)
    return window


def _told_apart(tick: datetime, previous: datetime | None, resources: Resources) -> datetime:
    """Give a tick that comes a second time, because the clock was set back, microseconds by which it is another one.

    What the API says at such a moment would be lost like any other minute, so it is asked for and kept.
    """
    if previous and tick < previous:
        resources.files.state.note_clock_set_back(previous)
    until = resources.files.state.clock_set_back_from()
    comes_again = tick == previous or (until is not None and tick <= until)
    return tick.replace(microsecond=resources.clock.now().microsecond or 1) if comes_again else tick


def _missed(previous: datetime | None, tick: datetime, resources: Resources) -> Iterator[datetime]:
    """Yield the ticks between the one before in the ledger and this one: nothing was running then."""
    if previous:
        start = max(previous, tick - LONGEST_OUTAGE)
        yield from takewhile(lambda missed: missed < floor(tick, resources.step), ticks_after(start, resources.step))


def _take_up(window: OpenWindow, resources: Resources) -> None:
    for tick, body, arrived_at in window.unrecorded():
        log.warning("capture.taken_up", tick=str(tick), why="the process was stopped before the ledger had it")
        poll = Poll(tick, Status.OK, captured_at=resources.clock.from_real(arrived_at))
        window.record(*keep_and_understand(poll, body, window))


def _ask(tick: datetime, window: OpenWindow, resources: Resources) -> tuple[Poll, Parsed | None]:
    requested_at = resources.clock.now()
    if _gives_it_a_rest(tick, window):
        return Poll(tick, Status.FAILED, "not_asked", f"{ENOUGH} polls failed; now it is asked once a minute"), None
    status = Status.LATE if requested_at - tick > LATE else Status.OK
    try:
        response = resources.feed.fetch(deadline=tick + resources.step - MARGIN)
        _keep_apart(response, resources)
    except PollFailed as failure:
        status, http_status = Status.FAILED, failure.http_status
        return Poll(tick, status, failure.reason, failure.detail, requested_at, http_status=http_status), None
    poll = Poll(
        tick, status, requested_at=requested_at, captured_at=response.captured_at, http_status=response.http_status
    )
    return keep_and_understand(poll, response.body, window)


def _keep_apart(response: Response, resources: Resources) -> None:
    """Refuse simulated answers in a folder of real data, and real ones in a folder of simulated data."""
    if response.simulated and not resources.files.simulated():
        raise PollFailed("simulated", "the API is a simulation, and this data folder is not made for one")
    if not response.simulated and resources.files.simulated():
        raise PollFailed("not_simulated", "this data folder is for simulated data, and the API is not a simulation")


def _gives_it_a_rest(tick: datetime, window: OpenWindow) -> bool:
    """Whether the API has failed to answer for so long that it is asked only once a minute."""
    latest = [line.poll for line in window.ledger[-ENOUGH:]]
    unanswered = [poll for poll in latest if poll.status is Status.FAILED and poll.http_status != 200]
    unanswered = [poll for poll in unanswered if poll.reason not in NOT_THE_APIS]
    return len(unanswered) == ENOUGH and tick.second != 0


def keep_and_understand(poll: Poll, body: bytes, window: OpenWindow) -> tuple[Poll, Parsed | None]:
    """Keep the answer, and read it."""
    raw, sha256 = window.keep_raw(poll.tick, body)
    return understand(replace(poll, raw=raw, body_sha256=sha256, body_bytes=len(body)), body)


def understand(poll: Poll, body: bytes) -> tuple[Poll, Parsed | None]:
    """Read an answer: the poll with what it says, and its records and rejects; none when it is not the contract."""
    assert poll.captured_at is not None
    try:
        parsed = parse(body)
    except PollFailed as failure:
        return replace(poll, status=Status.FAILED, reason=failure.reason, detail=failure.detail), None
    except Exception as error:  # noqa: BLE001 (a defect of the reader is the reason of the poll; the answer is kept)
        detail = f"{type(error).__name__}: {error}; the answer is kept, brt-watch rebuild --from-raw reads it again"
        return replace(poll, status=Status.FAILED, reason="reader_failed", detail=detail), None
    if not parsed.records:
        reasons = Counter(reject.reason for reject in parsed.rejects)
        detail = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
        return replace(poll, status=Status.FAILED, reason="no_good_record", detail=detail), parsed
    newest, age = signal_ages(parsed.records, poll.captured_at)
    # At a rebuild with other rules an answer can be good that was not.
    status = Status.OK if poll.status is Status.FAILED else poll.status
    good = replace(poll, status=status, reason="", detail="", newest_signal_at=newest, median_age_seconds=age)
    return good, parsed


def _is_due(window: OpenWindow, now: datetime, resources: Resources) -> bool:
    return window.is_due(now, resources.settings.window_minutes, MIN_CAPTURED_MINUTES)


def _close(window: OpenWindow, resources: Resources) -> None:
    folder = resources.files.close(window)
    manifest = read_manifest(folder)
    log.info("capture.window_closed", window=folder.name, minutes=manifest.captured_minutes, records=manifest.records)


# -- load -----------------------------------------------------------------------------------------------------------


def windows_to_load(resources: Resources) -> list[Path]:
    """Return the closed windows, oldest first; the open one is closed before if it is due."""
    # A poll in progress closes the window itself, in its time.
    with suppress(AlreadyRunning), resources.files.writing():
        window = _mended_window(resources)
        if window and _is_due(window, resources.clock.now(), resources):
            _close(window, resources)
    return resources.files.closed_windows()


def load(folder: Path, resources: Resources) -> Loaded:
    """Load one closed window in one transaction, then move it to the archive. Loading twice equals loading once.

    A window that is not what its manifest says is set aside, so that it does not stand in the way of the others, and
    DamagedWindow is raised.
    """
    started = time.perf_counter()
    # Someone may load by hand while the flow does.
    with lock.hold(resources.settings.folder / "run" / "load.lock", "A load", patience_seconds=60):
        if not folder.exists():
            return Loaded(folder.name, 0, 0, 0, again=True)
        try:
            loaded = resources.store.load_window(folder, read_manifest(folder))
        except DamagedWindow as damage:
            resources.files.set_aside(folder, damage)
            raise
        # Packed first, so that what lies in the archive needs no second look.
        pack(folder)
        resources.files.to_archive(folder)
    log.info("load", **loaded.as_dict(), seconds=round(time.perf_counter() - started, 3))
    return loaded


# -- transform ------------------------------------------------------------------------------------------------------


def transform_is_due(resources: Resources) -> bool:
    """Whether something was loaded since the models were last derived."""
    return resources.store.newest_load() > resources.store.newest_transform()


def network_is_new(resources: Resources) -> bool:
    """Whether the reference files are others than those in the database; the next transform loads them."""
    return resources.store.newest_network() != dbt.network_sha256()


def transform(resources: Resources, *arguments: str) -> dbt.Derived:
    """Derive the models from what is loaded, and note up to which load; `arguments` go to dbt."""
    with resources.store.alone_transforming():
        return _transform(resources, *arguments)


def transform_if_due(resources: Resources) -> dbt.Derived | None:
    """Derive the models if something was loaded since they were last derived; returns None if not."""
    if not transform_is_due(resources):
        return None
    with resources.store.alone_transforming():
        # Another machine may have derived them while this one waited.
        return _transform(resources) if transform_is_due(resources) else None


def _transform(resources: Resources, *arguments: str) -> dbt.Derived:
    started = time.perf_counter()
    newest_load = resources.store.newest_load()
    # Read once, before dbt reads the files: what is noted is what was compared.
    network = dbt.network_sha256()
    is_new = resources.store.newest_network() != network
    transform_id = resources.store.begin_transform(newest_load)
    derived = dbt.build(resources.settings, resources.store.connection_parameters(), *arguments, with_network=is_new)
    resources.store.finish_transform(transform_id, derived.seconds, network)
    log.info("transform", **derived.as_dict(), load_id=newest_load, seconds=round(time.perf_counter() - started, 3))
    return derived
