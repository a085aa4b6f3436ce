"""Recover minutes that the capture missed from the service that keeps past minutes for days.

The ledger of the capture keeps its failed and missed lines. Recovered records have their own windows, in the folder
`recovered` of the data folder, with their own capturer (`recovered-...`) and a ledger line with the status `recovered`
for each minute. A minute is recovered once and completely, or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from brt_watch import disk
from brt_watch.capture.capture import Capture
from brt_watch.capture.contract import Alert, watch_past
from brt_watch.capture.fetch import Client, Response
from brt_watch.capture.files import RECOVERED, CaptureFiles
from brt_watch.capture.poll import close, refuse_mixed_data, repaired_window, store_and_read
from brt_watch.capture.quiet import QuietMinutes
from brt_watch.capture.window import is_closed, read_ledger, started_at
from brt_watch.clock import MINUTE, floor
from brt_watch.errors import NotTheContract, PollFailed
from brt_watch.feeds import its_minutes
from brt_watch.model import Poll, Status

log = structlog.get_logger()

PAUSE = timedelta(seconds=1.1)
"""Time between requests: the service allows 60 per minute."""

PATIENCE = timedelta(seconds=90)
"""Time limit of a page, including Retry-After and retries."""

GIVE_UP_AFTER = 3
"""A run ends after this many minutes in a row without an answer; the next run asks again."""

WINDOW_MINUTES = 60
"""The recovered minutes of one window."""

SEEN_WITHIN = timedelta(minutes=2)
"""A signal is in an answer of the capture at most this long after it was sent, if the polls are good."""

OUTAGE = timedelta(hours=2)
"""While the capture gets no answer, recovered minutes wait this long for its first poll after them."""

OF_THE_MINUTE = ("http_400", "http_404", "http_410", "http_422")
"""Refusals of a single minute, which say nothing of the service."""

NO_ANSWER = ("client_error", "deadline", "timeout", "unreachable", "broken_off", "redirects")


@dataclass
class Recovered:
    """The result of a recovery run."""

    holes: int = 0
    """Missing minutes that the service still keeps."""
    minutes: int = 0
    records: int = 0
    rejects: int = 0
    waiting: int = 0
    """Windows of recovered minutes that are not loaded before the capture's own windows of the same minutes."""
    failures: Counter[str] = field(default_factory=Counter)
    """Minutes still missing, by reason; minutes that were not requested are not counted."""


def recovery_of(capture: Capture) -> Capture:
    """Return the capture of the recovery service, which fills the gaps of another capture."""
    settings = capture.settings
    url = settings.recover_url
    files = CaptureFiles(capture.files.data / RECOVERED, url, its_minutes.FEED)
    client = Client(url, capture.clock, settings.max_response_bytes)
    return Capture(settings, capture.clock, client, files)


def holes(capture: Capture, recovery: Capture, since: datetime | None, until: datetime | None) -> list[datetime]:
    """Return the minutes to recover, newest first: past, kept by the service, and incomplete in the capture.

    A minute is complete when all polls that end an interval in it were good, or when it was recovered before: the poll
    at 12:04:00 had the last signals of 12:03. A poll that was asked more than half an interval late counts as missed:
    newer signals had hidden others by then.
    """
    now = capture.clock.now()
    end = min(until or now, floor(now - its_minutes.COMPLETE_AFTER, MINUTE))
    first = capture.files.first_tick()
    if first is None:
        return []
    step = capture.step
    begin = max(since or first - step, floor(first - step, MINUTE), floor(now - its_minutes.KEPT, MINUTE) + MINUTE)
    polls = [(floor(poll.tick - step, MINUTE), _is_of_use(poll, step)) for poll in _polls(capture.files, begin)]
    whole = {minute for minute, _ in polls} - {minute for minute, of_use in polls if not of_use}
    whole |= _recovered(recovery.files, begin)
    minute, found = floor(begin, MINUTE), []
    while minute + MINUTE <= end:
        if minute not in whole:
            found.append(minute)
        minute += MINUTE
    return found[::-1]


def recover(
    minutes: Iterable[datetime],
    capture: Capture,
    recovery: Capture,
    ends_at: datetime | None = None,
    tell: Callable[[list[Alert]], object] = list,
) -> Recovered:
    """Request these minutes, until `ends_at`, and record the answers; complete windows are closed.

    `tell` gets the alerts of the contract watch.
    """
    done = Recovered()
    files = recovery.files
    if not (files.data / "capturer").exists():
        files.data.mkdir(parents=True, exist_ok=True)
        disk.write_durably(files.data / "capturer", f"recovered-{capture.files.capturer}".encode())
    unanswered = 0
    with files.writing():
        # Minutes that a dead process had stored, or another run has recovered meanwhile.
        repaired_window(recovery, Status.RECOVERED)
        recovered = _recovered(files, capture.clock.now() - its_minutes.KEPT - MINUTE)
        for minute in minutes:
            if minute in recovered:
                continue
            if unanswered == GIVE_UP_AFTER or (ends_at and capture.clock.now() >= ends_at):
                break
            try:
                poll = _recover_minute(minute, capture, recovery, tell)
            except PollFailed as failure:
                log.warning("recover.minute_failed", minute=str(minute), reason=failure.reason, detail=failure.detail)
                done.failures[failure.reason] += 1
                if failure.reason not in OF_THE_MINUTE:
                    is_silent = failure.reason in NO_ANSWER or failure.reason.startswith("http_")
                    unanswered = unanswered + 1 if is_silent else 0
            else:
                unanswered = 0
                done.minutes += 1
                done.records += poll.records
                done.rejects += poll.rejects
        if window := repaired_window(recovery, Status.RECOVERED):
            close(window, recovery)
    log.info("recover", minutes=done.minutes, records=done.records, rejects=done.rejects, failures=dict(done.failures))
    return done


def loadable(capture: Capture, recovery: Capture) -> list[Path]:
    """Return the windows of recovered minutes that may be loaded, oldest first.

    The first record of a signal is the one that is kept, and the capture's says more. So a window waits until the polls
    that can have the same signals are loaded: those from its minutes on until shortly after them, and after an outage
    its first good poll.
    """
    minutes = {each: {line.poll.tick for line in read_ledger(each)} for each in recovery.files.closed_windows()}
    since = min((minute for each in minutes.values() for minute in each), default=None)
    if since is None:
        return []
    good: set[datetime] = set()
    waiting: list[Poll] = []
    for folder in capture.files.newest_first():
        polls = [line.poll for line in read_ledger(folder, damaged_ok=True) if line.poll.tick > since]
        good |= {poll.tick for poll in polls if poll.status.is_good}
        waiting += polls if folder.parent == capture.files.windows else []
        if is_closed(folder) and started_at(folder) <= since:
            break

    def waits(minute: datetime) -> bool:
        after = min((tick for tick in good if tick >= minute + MINUTE), default=None)
        last = max(after or minute, minute + MINUTE + SEEN_WITHIN)
        if after is None and capture.clock.now() < minute + OUTAGE and any(poll.tick > minute for poll in waiting):
            return True
        return any(poll.status.is_good and minute < poll.tick <= last for poll in waiting)

    return [folder for folder, ticks in minutes.items() if not any(map(waits, ticks))]


def _recover_minute(
    minute: datetime, capture: Capture, recovery: Capture, tell: Callable[[list[Alert]], object]
) -> Poll:
    requested_at = recovery.clock.now()
    pages, response = _fetch(minute, recovery)
    refuse_mixed_data(response, capture)
    body = its_minutes.join(pages)
    # Checked before it is stored: part of a minute must never count as the whole.
    parsed = its_minutes.read(body)
    read = [its_minutes.read_page(page, minute) for page in pages]
    poll = Poll(minute, Status.RECOVERED, requested_at=requested_at, captured_at=response.captured_at)
    poll = replace(poll, http_status=response.http_status)
    remembered, alerts = watch_past(recovery.files.state.read_watch(), poll, parsed)
    recovery.files.state.write_watch(remembered)
    if alerts:
        tell(alerts)
    if not parsed.records:
        raise NotTheContract("no_good_record", f"{len(parsed.rejects)} records break a rule")
    its_minutes.check_vendor(read)
    now = recovery.clock.now()
    try:
        its_minutes.check_complete(parsed, minute, now)
    except NotTheContract:
        quiet = QuietMinutes(recovery.files.data)
        if not (its_minutes.is_quiet(parsed, minute) and quiet.is_whole(minute, parsed, now)):
            raise
    window = repaired_window(recovery, Status.RECOVERED)
    if window and window.lines >= WINDOW_MINUTES:
        close(window, recovery)
        window = None
    window = window or recovery.files.new_window(minute)
    if alerts:
        poll = replace(poll, alerts=msgspec.json.encode(alerts).decode())
    return window.record(*store_and_read(poll, body, window))


def _fetch(minute: datetime, recovery: Capture) -> tuple[list[bytes], Response]:
    """Return the pages of a minute and the last response; raises PollFailed."""
    pages: list[bytes] = []
    cursors: set[str | None] = set()
    cursor: str | None = None
    while cursor not in cursors and len(pages) < its_minutes.MAX_PAGES:
        cursors.add(cursor)
        recovery.clock.sleep_until(recovery.clock.now() + PAUSE * recovery.clock.speed)
        response = recovery.client.fetch(recovery.clock.now() + PATIENCE, its_minutes.parameters(minute, cursor))
        pages.append(response.body)
        cursor = its_minutes.read_page(response.body, minute).next_cursor
        if not cursor:
            return pages, response
    raise NotTheContract("endless_pages", f"{len(pages)} pages, and the last one names another one")


def _is_of_use(poll: Poll, step: timedelta) -> bool:
    late = poll.requested_at - poll.tick if poll.requested_at else timedelta(0)
    return poll.status.is_good and late <= step / 2


def _recovered(files: CaptureFiles, since: datetime) -> set[datetime]:
    return {poll.tick for poll in _polls(files, since)}


def _polls(files: CaptureFiles, since: datetime) -> Iterator[Poll]:
    """Return the polls of the ledger from `since` on."""
    for folder in files.newest_first():
        yield from (line.poll for line in read_ledger(folder, damaged_ok=True) if line.poll.tick >= since)
        if is_closed(folder) and started_at(folder) < since:
            return
