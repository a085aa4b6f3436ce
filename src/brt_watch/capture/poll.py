"""One poll: request the answer, store it, parse it, record the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import msgspec
import structlog

from brt_watch import disk
from brt_watch.capture.capture import Capture
from brt_watch.capture.contract import Alert, Watch, watch
from brt_watch.capture.fetch import Response
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.ticks import missed_ticks, unique_tick
from brt_watch.capture.window import OpenWindow, read_ledger
from brt_watch.errors import PollFailed
from brt_watch.feeds.feed import Feed
from brt_watch.model import Parsed, Poll, Status, signal_ages
from brt_watch.settings import MIN_CAPTURED_MINUTES

log = structlog.get_logger()

MARGIN = timedelta(seconds=1)
"""A poll ends this long before the next tick, so that two polls never overlap."""

LATE = timedelta(seconds=5)
"""A poll that starts this long after its tick is marked late; its records count like any others."""

BACK_OFF_AFTER = 15
"""After this many polls in a row without an answer (five minutes), the API is asked once a minute until it answers."""

WINDOWS_BEFORE = 3
"""How many windows before the open one are searched for the last good poll. Nearly all have ten good minutes."""

UNCHANGED = "unchanged"
"""The reason of a good poll whose feed reports an unchanged answer (HTTP 304): it has no records."""

NO_VEHICLES = "no_vehicles"
"""The reason of a good poll whose answer is valid and lists no vehicle, as at night: it has no records."""

LOCAL_REASONS = ("disk_full", "disk_error", "client_error")
"""Reasons on this machine, which do not mean that the API needs rest."""


def take_poll(tick: datetime, capture: Capture) -> tuple[Poll, list[Alert]]:
    """Poll at a tick and record the outcome; returns the poll and the alerts that it raised or closed."""
    window = repaired_window(capture)
    previous = _previous_tick(window, capture)
    if window and is_due(window, tick, capture):
        close(window, capture)
        window = None
    tick = unique_tick(tick, previous, capture)
    window = window or capture.files.new_window(tick)
    window.record_missed(missed_ticks(previous, tick, capture))
    poll, parsed, response = _ask(tick, window, capture)
    recorded = _record(poll, parsed, window, capture)
    if response and poll.status.is_good and window.feed.conditional and not response.is_unchanged:
        # Only once the ledger has it: otherwise the server would not send lost data again.
        capture.client.validators = response.validators
    return recorded


def _previous_tick(window: OpenWindow | None, capture: Capture) -> datetime | None:
    """Return the tick of the last line in the ledger; None in a new data folder."""
    return window.last.poll.tick if window and window.last else capture.files.newest_tick()


def _record(poll: Poll, parsed: Parsed | None, window: OpenWindow, capture: Capture) -> tuple[Poll, list[Alert]]:
    """Write a poll to the ledger, with the alerts of the contract watch."""
    remembered, alerts = _watch(poll, parsed, window.feed, capture)
    if alerts:
        poll = replace(poll, alerts=msgspec.json.encode(alerts).decode())
    poll = window.record(poll, parsed)
    capture.files.state.write_watch(remembered)
    return poll, alerts


def _watch(poll: Poll, parsed: Parsed | None, feed: Feed, capture: Capture) -> tuple[Watch, list[Alert]]:
    before = capture.files.state.read_watch()
    try:
        trouble = capture.files.speeds.trouble(feed, poll, parsed)
        return watch(before, poll, parsed, [trouble] if trouble else [])
    except Exception:
        # A defect of the watch must not cost the ledger a line.
        log.exception("watch_failed", tick=str(poll.tick))
        return before, []


def poll_without_disk(tick: datetime, error: OSError, capture: Capture) -> tuple[Poll, list[Alert]]:
    """Record, in the reserved space, that the disk is full or failed; raises OSError if that is impossible."""
    is_full = error.errno in disk.NO_ROOM
    if is_full:
        capture.files.state.release_reserve()
    window = capture.files.open_window()
    if window and window.last and window.last.poll.tick >= tick:
        return window.last.poll, []
    previous = _previous_tick(window, capture)
    window = window or capture.files.new_window(tick)
    window.record_missed(missed_ticks(previous, tick, capture))
    window.forget_raw(tick)
    if is_full:
        failed = Poll(tick, Status.FAILED, "disk_full", f"{error}; it goes on by itself when there is room")
    else:
        failed = Poll(tick, Status.FAILED, "disk_error", f"{error}; it goes on by itself when the disk works again")
    return _record(failed, None, window, capture)


def _ask(tick: datetime, window: OpenWindow, capture: Capture) -> tuple[Poll, Parsed | None, Response | None]:
    requested_at = capture.clock.now()
    if _backs_off(tick, window):
        why = f"{BACK_OFF_AFTER} polls failed; now it is asked once a minute"
        return Poll(tick, Status.FAILED, "not_asked", why), None, None
    status = Status.LATE if requested_at - tick > LATE else Status.OK
    try:
        response = capture.client.fetch(deadline=tick + capture.step - MARGIN, **_query(tick, window, capture))
        refuse_mixed_data(response, capture)
    except PollFailed as failure:
        status, http_status = Status.FAILED, failure.http_status
        return Poll(tick, status, failure.reason, failure.detail, requested_at, http_status=http_status), None, None
    poll = Poll(
        tick, status, requested_at=requested_at, captured_at=response.captured_at, http_status=response.http_status
    )
    if response.is_unchanged:
        return replace(poll, reason=UNCHANGED, detail="the feed says that nothing has changed"), None, response
    return *store_and_read(poll, response.body, window), response


def _query(tick: datetime, window: OpenWindow, capture: Capture) -> dict[str, Mapping[str, str]]:
    """Return the parameters of a request as an argument of the client, empty if the feed has none."""
    if not window.feed.parameters:
        return {}
    if window.newest_good is None:
        # Kept there, so that an outage does not read the older ledgers at each poll.
        window.newest_good = _good_before(window, capture)
    return {"parameters": window.feed.parameters(tick, window.newest_good)}


def _good_before(window: OpenWindow, capture: Capture) -> datetime | None:
    """Return the last good tick of the windows before this one; None if the newest of them have none."""
    before = (folder for folder in capture.files.newest_first() if folder != window.folder)
    for folder in islice(before, WINDOWS_BEFORE):
        good = [line.poll.tick for line in read_ledger(folder, damaged_ok=True) if line.poll.status.is_good]
        if good:
            return max(good)
    return None


def _backs_off(tick: datetime, window: OpenWindow) -> bool:
    """Whether the API has not answered for so long that it is asked only once a minute."""
    latest = [line.poll for line in window.recent][-BACK_OFF_AFTER:]
    unanswered = [poll for poll in latest if poll.status is Status.FAILED and poll.http_status != 200]
    unanswered = [poll for poll in unanswered if poll.reason not in LOCAL_REASONS]
    return len(unanswered) == BACK_OFF_AFTER and tick.second != 0


def refuse_mixed_data(response: Response, capture: Capture) -> None:
    """Refuse simulated answers in a folder of real data, and real ones in a folder of simulated data."""
    if response.simulated and not capture.files.simulated():
        raise PollFailed("simulated", "the API is a simulation, and this data folder is not made for one")
    if not response.simulated and capture.files.simulated():
        raise PollFailed("not_simulated", "this data folder is for simulated data, and the API is not a simulation")


def store_and_read(poll: Poll, body: bytes, window: OpenWindow) -> tuple[Poll, Parsed | None]:
    """Store the answer, and parse it."""
    raw, sha256 = window.keep_raw(poll.tick, body)
    return read_answer(replace(poll, raw=raw, body_sha256=sha256, body_bytes=len(body)), body, window.feed)


def read_answer(poll: Poll, body: bytes, feed: Feed) -> tuple[Poll, Parsed | None]:
    """Read an answer; return the poll with its result, and the records and rejects (None if it breaks the contract)."""
    assert poll.captured_at is not None
    try:
        parsed = feed.read(body)
    except PollFailed as failure:
        return replace(poll, status=Status.FAILED, reason=failure.reason, detail=failure.detail), None
    except Exception as error:  # noqa: BLE001 (a defect of the reader is the reason of the poll; the answer is kept)
        detail = f"{type(error).__name__}: {error}; the answer is kept, brt-watch rebuild --from-raw reads it again"
        return replace(poll, status=Status.FAILED, reason="reader_failed", detail=detail), None
    # When a rebuild applies new rules, an answer that failed may become good.
    status = Status.OK if poll.status is Status.FAILED else poll.status
    beside = ", ".join(f"{count} {kind}" for kind, count in sorted(parsed.passed_over.items()))
    detail = f"passed over: {beside}" if beside else ""
    if not parsed.records and not parsed.rejects:
        return replace(poll, status=status, reason=NO_VEHICLES, detail=detail), parsed
    if not parsed.records:
        reasons = Counter(reject.reason for reject in parsed.rejects)
        broken = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
        return replace(poll, status=Status.FAILED, reason="no_good_record", detail=broken), parsed
    newest, age = signal_ages(parsed.records, poll.captured_at)
    good = replace(poll, status=status, reason="", detail=detail, newest_signal_at=newest, median_age_seconds=age)
    return good, parsed


def repaired_window(capture: Capture, status: Status = Status.OK) -> OpenWindow | None:
    """Return the open window, repaired if its process died; None when there is none."""
    window = capture.files.open_window()
    if window:
        _record_stored_answers(window, capture, status)
    return window


def _record_stored_answers(window: OpenWindow, capture: Capture, status: Status) -> None:
    for tick, body, arrived_at in window.unrecorded():
        log.warning("capture.answer_recorded", tick=str(tick), why="the process stopped before the ledger had it")
        poll = Poll(tick, status, captured_at=capture.clock.from_real(arrived_at))
        window.record(*store_and_read(poll, body, window))


def is_due(window: OpenWindow, now: datetime, capture: Capture) -> bool:
    """Whether the window may be closed now; one whose feed the settings have changed holds no further answer."""
    if window.feed.name != capture.files.feed.name and window.lines:
        return True
    return window.is_due(now, capture.settings.window_minutes, MIN_CAPTURED_MINUTES)


def close(window: OpenWindow, capture: Capture) -> None:
    """Close a window for good."""
    folder = capture.files.close(window)
    manifest = read_manifest(folder)
    log.info("capture.window_closed", window=folder.name, minutes=manifest.captured_minutes, records=manifest.records)
