"""The report of `brt-watch status`: processes, last poll, waiting windows, problems. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from brt_watch.capture.simulation import simulation_of
from brt_watch.capture.window import CSV, Window, read_growing_ledger
from brt_watch.clock import write_moment
from brt_watch.errors import DamagedWindow, DatabaseRefused, DatabaseUnreachable, SupervisorSilent
from brt_watch.health import look, problems
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.service.supervisor import Program, Service
from brt_watch.store.database import Totals
from brt_watch.transform.line_alerts import LineAlerts


@dataclass(frozen=True)
class OpenWindowStatus:
    """The open window."""

    csv: str
    captured_minutes: int
    records: int
    closes_at: datetime


@dataclass(frozen=True)
class FeedStatus:
    """A feed: its address, last poll and waiting windows; `speed` describes the unit in which its speeds seem to be."""

    name: str
    kind: str
    url: str
    last_poll: Poll | None
    windows_waiting: int
    speed: str | None


@dataclass(frozen=True)
class LineAlertStatus:
    """A line and direction on which the waits of passengers have doubled, and since when."""

    subject: str
    since: datetime
    detail: str


@dataclass(frozen=True)
class Report:
    """Everything that `brt-watch status` shows; `problems` are sentences, empty when all is well."""

    now: datetime
    data: str
    feed_url: str
    simulated: bool
    programs: list[Program]
    last_poll: Poll | None
    last_good_poll: Poll | None
    polls_since_good: int
    open_window: OpenWindowStatus | None
    windows_waiting: int
    windows_set_aside: int
    database: Totals | None
    vehicles: int
    feeds: list[FeedStatus]
    """The first feed and the further ones."""
    line_alerts: list[LineAlertStatus]
    """Problems of the bus service, not of this program."""
    problems: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return _plain(asdict(self))  # type: ignore[no-any-return]


def report(resources: Resources) -> Report:
    """Return the report of the current state."""
    service = Service(resources.settings)
    said: list[str] = []
    try:
        programs = service.programs()
    except SupervisorSilent as error:
        programs = service.holders()
        said.append(str(error))
    database, vehicles, database_problem = None, 0, None
    try:
        database, vehicles = resources.models.totals(), resources.models.vehicles()
    except (DatabaseUnreachable, DatabaseRefused) as error:
        database_problem = str(error)
    seen = look(resources.settings, resources.files, resources.clock)
    return Report(
        now=seen.now,
        data=str(resources.settings.folder),
        feed_url=resources.settings.feed_name,
        simulated=simulation_of(resources.settings) is not None,
        programs=programs,
        last_poll=seen.last_poll,
        last_good_poll=seen.last_good_poll,
        polls_since_good=len(seen.since_good),
        open_window=_open_window(resources),
        windows_waiting=len(resources.files.closed_windows()),
        windows_set_aside=seen.set_aside,
        database=database,
        vehicles=vehicles,
        feeds=[_feed(each) for each in resources.feeds],
        line_alerts=[
            LineAlertStatus(alert.subject, alert.since, alert.detail)
            for alert in LineAlerts(resources.settings.folder).open()
        ],
        problems=[*said, *(problem.sentence for problem in problems(seen, database_problem))],
    )


def _feed(resources: Resources) -> FeedStatus:
    settings, files = resources.settings, resources.files
    newest = next(files.newest_first(), None)
    ledger = read_growing_ledger(newest, damaged_ok=True) if newest else []
    measured = files.speeds.measured()
    return FeedStatus(
        name=resources.name or settings.feed,
        kind=settings.feed,
        url=settings.feed_name,
        last_poll=ledger[-1].poll if ledger else None,
        windows_waiting=len(files.closed_windows()),
        speed=measured.sentence if measured and files.feed.speed_unit == measured.unit else None,
    )


def _open_window(resources: Resources) -> OpenWindowStatus | None:
    newest = next(resources.files.newest_first(), None)
    try:
        window = Window(newest) if newest else None
    except DamagedWindow:
        return None  # the next poll sets it aside
    if window is None or window.is_closed:
        return None
    due = window.started_at + timedelta(minutes=resources.settings.window_minutes)
    records = sum(line.poll.records for line in window.ledger)
    return OpenWindowStatus(str(window.folder / CSV), len(window.captured_minutes()), records, due)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime):
        return write_moment(value)
    return value.value if isinstance(value, Status) else value
