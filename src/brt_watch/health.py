"""Whether all is well: the one rule of `brt-watch status`, /health, /api/v1/health-details and the page.

It reads what the processes leave on disk (ledgers, locks, marks of failing flows), so it works anywhere: in a terminal,
in the page's process, in a container that only shares the data folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from brt_watch import lock
from brt_watch.capture.contract import Trouble
from brt_watch.capture.files import RECOVERED, CaptureFiles
from brt_watch.capture.silence import BEHIND
from brt_watch.capture.simulation import simulation_of
from brt_watch.capture.window import read_growing_ledger
from brt_watch.clock import UTC, Clock, parse_moment
from brt_watch.model import Poll, Status
from brt_watch.place import as_typed
from brt_watch.settings import Settings

FLOWS = {
    "capture": "local_storage_flow",
    "load": "postgres_storage_flow",
    "transform": "dbt_flow",
}
"""The scheduled steps, and the Prefect flow of each."""

RECOVER = "recover"
"""The hourly recovery of missed minutes; only for the city's own API (Settings.recovers)."""

MIRROR = "mirror"
"""The hourly copy of the lake, if Settings.lake_mirror names a place for it."""

ALL_FLOWS = {**FLOWS, RECOVER: "recover_flow", MIRROR: "mirror_flow"}
"""All flows by their step: names and labels come from here, and flows.build has their tasks."""

SIMULATOR = "simulator"
"""The simulated API, part of the service in a demo."""

WEB = "web"
"""The page and the API over HTTP."""

CONFIGURATION = "supervisord.conf"

STARTING_SECONDS = 60
"""A newly started process may take this long to acquire its lock: Prefect imports slowly."""


@dataclass(frozen=True)
class Problem:
    """A problem. The sentence names it, and the remedy if there is one."""

    code: str
    sentence: str


@dataclass(frozen=True)
class FailingFlow:
    """A flow whose last run failed."""

    name: str
    since: datetime
    reason: str


@dataclass(frozen=True)
class SeenFeed:
    """The state of a further feed, as its data folder shows it."""

    name: str
    polls: list[Poll]
    """The newest polls, back to the last good one."""
    troubles: list[Trouble]
    set_aside: int


@dataclass(frozen=True)
class Seen:
    """The state of the system, as its data folder shows it."""

    now: datetime
    polls: list[Poll]
    """The newest polls, back to the last good one."""
    capturing_since: datetime | None
    """When the current capture process was started; None when there is none."""
    supervised: bool
    started_here: bool
    """Whether `brt-watch start` has ever kept this folder."""
    demo: bool
    not_running: list[str]
    """Programs that supervisor should keep running but that do not run."""
    failing: list[FailingFlow]
    troubles: list[Trouble]
    set_aside: int
    folder: Path
    recovery: SeenFeed | None = None
    """The recovery of missed minutes; its polls are not looked at."""
    further: tuple[SeenFeed, ...] = ()
    unlisted: tuple[Path, ...] = ()
    """Folders of feeds that are no longer listed, so that nothing loads their windows."""

    @property
    def last_poll(self) -> Poll | None:
        """The newest poll."""
        return self.polls[-1] if self.polls else None

    @property
    def last_good_poll(self) -> Poll | None:
        """The newest good poll."""
        return next((poll for poll in reversed(self.polls) if poll.status.is_good), None)

    @property
    def since_good(self) -> list[Poll]:
        """The polls after the newest good one."""
        good = self.last_good_poll
        return self.polls[self.polls.index(good) + 1 :] if good else self.polls


def look(settings: Settings, files: CaptureFiles, clock: Clock) -> Seen:
    """Read the state of the system from the data folder. Changes nothing."""
    run = settings.folder / "run"
    supervisor = supervisor_process(settings.folder)
    simulation = simulation_of(settings)
    demo = bool(simulation and simulation.demo)
    capture_lock = run / f"{FLOWS['capture']}.lock"
    capturing = lock.holder(capture_lock) is not None
    return Seen(
        now=clock.now(),
        polls=_recent_polls(files),
        capturing_since=_since(capture_lock, clock) if capturing else None,
        supervised=supervisor is not None,
        started_here=(run / CONFIGURATION).exists(),
        demo=demo,
        not_running=_not_running(settings, demo) if supervisor and _is_up(supervisor) else [],
        failing=list(_failing(run)),
        troubles=files.state.read_watch().troubles,
        set_aside=len(list(files.damaged.glob("*"))),
        folder=settings.folder,
        recovery=_look_at_recovery(settings) if settings.recovers else None,
        further=tuple(_look_at(each.name, settings.of(each)) for each in settings.further),
        unlisted=tuple(_unlisted(settings)),
    )


def _unlisted(settings: Settings) -> Iterator[Path]:
    listed = {each.name for each in settings.further}
    for folder in sorted((settings.folder / "feeds").glob("*")):
        if folder.name not in listed and any((folder / "windows").glob("*")):
            yield folder


def _look_at(name: str, settings: Settings) -> SeenFeed:
    files = CaptureFiles(settings.folder, settings.feed_name)
    return SeenFeed(name, _recent_polls(files), files.state.read_watch().troubles, len(list(files.damaged.glob("*"))))


def _look_at_recovery(settings: Settings) -> SeenFeed:
    files = CaptureFiles(settings.folder / RECOVERED, settings.recover_url)
    return SeenFeed(RECOVER, [], files.state.read_watch().troubles, len(list(files.damaged.glob("*"))))


def problems(seen: Seen, database_problem: str | None = None) -> list[Problem]:
    """Return the problems, most serious first; empty when all is well.

    `database_problem` is the error of the last query to Postgres, None if it succeeded.
    """
    found = [*_capture_problems(seen)]
    for name in seen.not_running:
        found.append(Problem("not_running", f"{name} is not running: its log is {seen.folder}/logs/{name}.log"))
    for flow in seen.failing:
        found.append(
            Problem(
                "run_failed", f"{flow.name} has been failing since {_shown(flow.since)}: {flow.reason}".rstrip(": ")
            )
        )
    found += _troubles(seen)
    if seen.recovery:
        where = seen.folder / RECOVERED / "damaged"
        found += _troubles_of(seen.recovery, "The service of past minutes", "recovered minutes", where)
    for feed in seen.further:
        found += _feed_problems(feed, seen)
    for folder in seen.unlisted:
        sentence = (
            f"Windows of the feed {folder.name} wait in {folder}/windows, and BRT_WATCH_FEEDS does not list it: "
            "list it until they are loaded, or move its folder away."
        )
        found.append(Problem("unlisted_feed", sentence))
    if database_problem:
        found.append(Problem("database", database_problem))
    if seen.set_aside:
        where = seen.folder / "damaged"
        found.append(
            Problem("set_aside", f"{seen.set_aside} damaged windows were set aside in {where}; they are not loaded.")
        )
    return found


def problems_of(feed: str, seen: Seen) -> list[Problem]:
    """Return the problems of the capture of one feed; the first feed has no name."""
    if not feed:
        return [*_capture_problems(seen), *_troubles(seen)]
    return [problem for each in seen.further if each.name == feed for problem in _feed_problems(each, seen)]


def write_failing(mark: Path, since: str, reason: str) -> None:
    """Mark a flow as failing."""
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(f"{since}\n{reason}\n", encoding="utf-8")


def failing_since(mark: Path) -> datetime | None:
    """Return when a flow began to fail, from its mark; None when the mark is unreadable."""
    text = mark.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    try:
        return parse_moment(text)
    except ValueError:
        return None  # cut off: the disk was full, or the machine lost power


def supervisor_process(folder: Path) -> psutil.Process | None:
    """Return the supervisor process of this data folder, None when there is none."""
    run = folder / "run"
    try:
        process = psutil.Process(int((run / "supervisord.pid").read_text()))
        return process if str(run / CONFIGURATION) in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def _capture_problems(seen: Seen) -> Iterator[Problem]:
    good = seen.last_good_poll
    times = [moment for moment in (good and good.tick, seen.capturing_since) if moment]
    # In both directions: after the clock is set back, polls may lie ahead.
    silent = all(abs(seen.now - moment) > BEHIND for moment in times)
    failed = [poll for poll in seen.since_good if poll.status is Status.FAILED]
    # Where no poll ever succeeded, the first failure counts at once: a setting may be wrong.
    silent = silent or (good is None and bool(failed))
    runs = seen.supervised or seen.capturing_since is not None
    # An agent of a Prefect Server holds the lock only while it runs a flow; its polls show that it is alive.
    polled = seen.last_poll is not None and abs(seen.now - seen.last_poll.tick) <= BEHIND
    if not runs and (seen.started_here or not polled):
        yield Problem("not_running", as_typed(f"brt-watch does not run: make {'demo' if seen.demo else 'start'}."))
    if not silent:
        return
    if failed:
        # A poll that was not sent shows nothing about the reason.
        first, last = failed[0], next((poll for poll in reversed(failed) if poll.reason != "not_asked"), failed[-1])
        yield Problem(
            "no_good_poll",
            f"There is no good answer of the API since {_shown(first.tick)}: {len(failed)} polls failed, the last with "
            f"{last.reason} ({last.detail}). Each is in the ledger"
            + ("; the capture continues automatically." if runs or polled else "."),
        )
    elif runs or polled:
        since = f" since {_shown(max(times))}" if times else ""
        yield Problem("no_good_poll", f"No poll has come{since}: the log is {seen.folder}/logs/capture.log")


def _troubles(seen: Seen) -> Iterator[Problem]:
    for trouble in seen.troubles:
        yield Problem(trouble.code, f"{f'{trouble.code} {trouble.subject}'.strip()}: {trouble.detail}")


def _feed_problems(feed: SeenFeed, seen: Seen) -> Iterator[Problem]:
    """Yield the problems of a further feed, while anything captures."""
    good = next((poll for poll in reversed(feed.polls) if poll.status.is_good), None)
    times = [moment for moment in (good and good.tick, seen.capturing_since) if moment]
    if seen.capturing_since is not None and all(abs(seen.now - moment) > BEHIND for moment in times):
        last = feed.polls[-1] if feed.polls else None
        why = f": {last.reason} ({last.detail})" if last and last.status is Status.FAILED else ""
        since = f" since {_shown(good.tick)}" if good else ""
        yield Problem("no_good_poll", f"The feed {feed.name} has no good answer{since}{why}")
    where = seen.folder / "feeds" / feed.name / "damaged"
    yield from _troubles_of(feed, f"The feed {feed.name}", feed.name, where)


def _troubles_of(feed: SeenFeed, name: str, windows: str, damaged: Path) -> Iterator[Problem]:
    """Yield the troubles of a feed other than the first one, and its damaged windows."""
    for trouble in feed.troubles:
        what = f"{trouble.code} {trouble.subject}".strip()
        yield Problem(trouble.code, f"{name}: {what}: {trouble.detail}")
    if feed.set_aside:
        yield Problem("set_aside", f"{feed.set_aside} damaged windows of {windows} were set aside in {damaged}.")


def _recent_polls(files: CaptureFiles) -> list[Poll]:
    """Return the polls of the newest windows (at most a hundred), back to the last good one."""
    polls: list[Poll] = []
    for _, folder in zip(range(100), files.newest_first(), strict=False):
        polls = [*(line.poll for line in read_growing_ledger(folder, damaged_ok=True)), *polls]
        if any(poll.status.is_good for poll in polls):
            break
    return polls


def _failing(run: Path) -> Iterator[FailingFlow]:
    for mark in sorted(run.glob("*.failing")):
        try:
            since = failing_since(mark) or datetime.fromtimestamp(mark.stat().st_mtime, UTC)
            reason = mark.read_text(encoding="utf-8", errors="replace").partition("\n")[2].strip()
        except FileNotFoundError:
            continue  # a run has succeeded meanwhile
        yield FailingFlow(mark.stem, since, reason)


def _not_running(settings: Settings, demo: bool) -> list[str]:
    locks = {**FLOWS, WEB: WEB}
    if settings.recovers:
        locks[RECOVER] = ALL_FLOWS[RECOVER]
    if settings.mirrors:
        locks[MIRROR] = ALL_FLOWS[MIRROR]
    if demo:
        locks[SIMULATOR] = SIMULATOR
    return [name for name, held in locks.items() if lock.holder(settings.folder / "run" / f"{held}.lock") is None]


def _is_up(supervisor: psutil.Process) -> bool:
    try:
        return time.time() - supervisor.create_time() > STARTING_SECONDS
    except psutil.Error:
        return False


def _since(path: Path, clock: Clock) -> datetime | None:
    try:
        return clock.from_real(datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except FileNotFoundError:
        return None


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
