"""How it stands: what runs, what came last, what waits. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from brt_watch.capture.window import CSV, Window, read_ledger
from brt_watch.clock import write_moment
from brt_watch.errors import DamagedWindow, DatabaseRefused, DatabaseUnreachable
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.service.supervisor import Program, Service
from brt_watch.simulate.simulation import Simulation, simulation_of
from brt_watch.store.database import Totals

SILENCE = timedelta(minutes=2)
"""Without a good poll for longer than this, the capture is not well."""


@dataclass(frozen=True)
class OpenWindowStatus:
    """The window that is being filled."""

    csv: str
    captured_minutes: int
    records: int
    closes_at: datetime


@dataclass(frozen=True)
class Report:
    """Everything that `brt-watch status` says; `problems` are sentences, none when all is well."""

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
    problems: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return _plain(asdict(self))  # type: ignore[no-any-return]


def report(resources: Resources) -> Report:
    """Look at everything."""
    now = resources.clock.now()
    service = Service(resources.settings)
    programs = service.programs()
    polls = _recent_polls(resources)
    good = [poll for poll in polls if poll.status.is_good]
    since_good = polls[polls.index(good[-1]) + 1 :] if good else polls
    simulation = simulation_of(resources.settings)
    problems = _program_problems(service, programs, simulation)
    problems += _capture_problems(now, good, since_good, bool(programs))
    for trouble in resources.files.state.read_watch().troubles:
        problems.append(f"{' '.join(filter(None, (trouble.code, trouble.subject)))}: {trouble.detail}")
    database, vehicles = None, 0
    try:
        database, vehicles = resources.store.totals(), len(resources.store.view())
    except (DatabaseUnreachable, DatabaseRefused) as error:
        problems.append(str(error))
    set_aside = len(list(resources.files.damaged.glob("*")))
    if set_aside:
        problems.append(
            f"{set_aside} damaged windows were set aside in {resources.files.damaged}; nothing in them is loaded."
        )
    return Report(
        now=now,
        data=str(resources.settings.folder),
        feed_url=str(resources.settings.feed_url),
        simulated=simulation is not None,
        programs=programs,
        last_poll=polls[-1] if polls else None,
        last_good_poll=good[-1] if good else None,
        polls_since_good=len(since_good),
        open_window=_open_window(resources),
        windows_waiting=len(resources.files.closed_windows()),
        windows_set_aside=set_aside,
        database=database,
        vehicles=vehicles,
        problems=problems,
    )


def _recent_polls(resources: Resources) -> list[Poll]:
    """Return the polls of the newest windows back to the last good one, at most of a hundred windows."""
    polls: list[Poll] = []
    for _, folder in zip(range(100), resources.files.newest_first(), strict=False):
        polls = [line.poll for line in read_ledger(folder, damaged_ok=True)] + polls
        if any(poll.status.is_good for poll in polls):
            break
    return polls


def _program_problems(service: Service, programs: list[Program], simulation: Simulation | None) -> list[str]:
    if not programs:
        return [f"brt-watch does not run: make {'demo' if simulation and simulation.demo else 'start'}"]
    return [
        f"{program.name} is not running ({program.state}): its log is {service.log(program.name)}"
        for program in programs
        if program.state != "RUNNING"
    ]


def _capture_problems(now: datetime, good: list[Poll], since_good: list[Poll], running: bool) -> list[str]:
    failed = [poll for poll in since_good if poll.status is Status.FAILED]
    if failed:
        first, last = failed[0], failed[-1]
        return [
            f"There is no good answer of the API since {first.tick:%Y-%m-%d %H:%M:%S %Z}: {len(failed)} ticks failed, "
            f"the last with {last.reason} ({last.detail}). Each is in the ledger; the capture goes on by itself."
        ]
    if running and good and now - good[-1].tick > SILENCE:
        return [f"No poll came since {good[-1].tick:%Y-%m-%d %H:%M:%S %Z}."]
    return []


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
