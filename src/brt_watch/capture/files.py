"""The windows of one data folder: the open one, those waiting to be loaded, archived and damaged ones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, count
from pathlib import Path

import structlog

from brt_watch import disk, lock
from brt_watch.capture.manifest import write_manifest
from brt_watch.capture.speed_unit import SpeedUnit
from brt_watch.capture.state import CaptureState
from brt_watch.capture.window import CSV, MANIFEST, POLLS, REJECTS, OpenWindow, is_closed, read_last_ticks, started_at
from brt_watch.clock import write_tick
from brt_watch.errors import DamagedWindow, MixedData
from brt_watch.feeds import NAMES, feed_named
from brt_watch.feeds.brt import FEED as BRT
from brt_watch.feeds.feed import Feed

log = structlog.get_logger()

RECOVERED = "recovered"
"""The folder of the windows of recovered minutes, in that of the capture."""

KIND = "feed"
"""The file of an open window that names its feed, if it is not the BRT's API; a closed one has it in its manifest."""


class CaptureFiles:
    """The windows of one data folder."""

    def __init__(self, data: Path, feed_url: str, feed: Feed = BRT) -> None:
        self.data = data
        self.feed = feed
        self.feed_url = feed_url
        self.windows = data / "windows"
        self.archive = data / "archive"
        self.damaged = data / "damaged"
        self.state = CaptureState(data)
        self.speeds = SpeedUnit(data)
        self._opened: OpenWindow | None = None

    @property
    def capturer(self) -> str:
        """The name that distinguishes this data folder from others of the same feed; created at first use."""
        path = self.data / "capturer"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            name = "simulated" if self.simulated() else os.uname().nodename
            disk.write_durably(path, f"{name}-{os.urandom(3).hex()}".encode())
        return path.read_text().strip()

    def simulated(self) -> bytes | None:
        """Return the mark of a data folder for simulated data; None if it is for real data."""
        return disk.read(self.data / "simulated.json") or None

    def mark_simulated(self, mark: bytes) -> None:
        """Mark this data folder as one for simulated data; raises MixedData if it is not new."""
        if (self.data / "capturer").exists() or any(self.newest_first()):
            raise MixedData(folder=self.data)
        self.data.mkdir(parents=True, exist_ok=True)
        disk.write_durably(self.data / "simulated.json", mark)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the process that writes windows; raises AlreadyRunning."""
        with lock.hold(self.data / "run" / "capture-files.lock", "A capture", patience_seconds=3):
            yield

    def open_window(self) -> OpenWindow | None:
        """Return the open window, repaired; only inside `writing`."""
        folder = self._open_folder()
        if folder and self._opened and self._opened.folder == folder and self._opened.is_as_on_disk():
            return self._opened
        try:
            self._opened = OpenWindow(folder, self._feed_of(folder)) if folder else None
            return self._opened
        except DamagedWindow as damage:
            assert folder
            self.set_aside(folder, damage)
            return None

    def new_window(self, tick: datetime) -> OpenWindow:
        """Start a window at `tick`; only inside `writing`, after the previous one was closed."""
        folder = self.windows / write_tick(tick)
        folder.mkdir(parents=True)
        if self.feed.name != BRT.name:
            disk.write_durably(folder / KIND, self.feed.name.encode())
        disk.sync_folder(self.windows)
        self._opened = OpenWindow(folder, self.feed)
        return self._opened

    def _feed_of(self, folder: Path) -> Feed:
        """Return the feed by which an open window reads its answers: that of the settings when it began."""
        name = disk.read(folder / KIND).decode()
        return feed_named(name) if name in NAMES and name != self.feed.name else self.feed

    def closed_windows(self) -> list[Path]:
        """Return the closed windows, which wait to be loaded, oldest first."""
        return [folder for folder in self._folders(self.windows) if is_closed(folder)]

    def newest_tick(self) -> datetime | None:
        """Return the newest tick in the ledgers of all windows, None in a new data folder."""
        # The newest window of each place is enough, because a window is named by its first tick; the open one may have
        # a name from before the clock was set back.
        while True:
            waiting, is_open = self._folders(self.windows), self._open_folder()
            places = [waiting, [is_open] if is_open else [], self._folders(self.damaged)]
            places += map(self._folders, self._months()[:1])
            try:
                return max(filter(None, map(_newest_with_a_line, places)), default=None)
            except FileNotFoundError:
                continue  # A load has just moved a window to the archive; look there.

    def first_tick(self) -> datetime | None:
        """Return the tick with which the capture began; None in a new data folder."""
        oldest = [self._folders(place)[:1] for place in (self.windows, *self._months()[-1:])]
        return min((started_at(folder) for folders in oldest for folder in folders), default=None)

    def newest_first(self) -> Iterator[Path]:
        """Yield the folders of all windows, newest first: open, waiting and archived ones."""
        yield from sorted(self._folders(self.windows), key=lambda folder: (not is_closed(folder), folder), reverse=True)
        for month in self._months():
            yield from reversed(self._folders(month))

    def set_aside(self, folder: Path, damage: DamagedWindow) -> None:
        """Move a damaged window to `damaged`, for a person to inspect."""
        self.damaged.mkdir(exist_ok=True)
        names = chain([folder.name], (f"{folder.name}.{number}" for number in count(2)))
        folder.rename(next(path for name in names if not (path := self.damaged / name).exists()))
        log.error("window_set_aside", problem=str(damage), now_in=str(self.damaged))

    def close(self, window: OpenWindow) -> Path:
        """Close a window for good; returns its folder."""
        polls = [line.poll for line in window.ledger]
        sha256 = {name: disk.sha256(window.folder / name) for name in (POLLS, CSV, REJECTS)}
        write_manifest(window.folder, polls, self.capturer, self.feed_url, window.feed.name, sha256)
        (window.folder / KIND).unlink(missing_ok=True)
        return window.folder

    def to_archive(self, folder: Path) -> Path:
        """Move a loaded window to the archive; returns its new folder.

        A backup taken during the move has it in both places; the two are merged. A different window with the same name
        is set aside.
        """
        target = self.archived_as(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            folder.rename(target)
        elif (target / MANIFEST).exists() and disk.sha256(target / MANIFEST) != disk.sha256(folder / MANIFEST):
            self.set_aside(folder, DamagedWindow(folder=folder, difference="the archive has another one of this name"))
        else:
            _join(folder, target)
        disk.sync_folder(target.parent)
        disk.sync_folder(self.windows)
        return target

    def archived_as(self, folder: Path) -> Path:
        """Return the folder that a window has, or will have, in the archive."""
        return self.archive / f"{started_at(folder):%Y-%m}" / folder.name

    def archived_months(self, until: datetime) -> Iterator[list[Path]]:
        """Yield the archived windows of each month up to the one of `until`, the newest month first."""
        for month in self._months():
            if month.name <= f"{until:%Y-%m}":
                yield self._folders(month)

    def archived(self) -> list[Path]:
        """Return the archived windows, oldest first."""
        return [folder for month in reversed(self._months()) for folder in self._folders(month)]

    def _open_folder(self) -> Path | None:
        # Newest first, because hundreds may wait while Postgres is down, and the open one is nearly always the newest.
        # A closed one that a load has just moved to the archive has no manifest here any more.
        newest_first = reversed(self._folders(self.windows))
        return next((folder for folder in newest_first if not is_closed(folder) and folder.exists()), None)

    def _months(self) -> list[Path]:
        return sorted(self.archive.glob("????-??"), reverse=True)

    @staticmethod
    def _folders(parent: Path) -> list[Path]:
        return sorted(parent.glob("????????T??????*Z"))


def _newest_with_a_line(folders: list[Path]) -> datetime | None:
    """Return the newest of the last ticks of these windows; raises FileNotFoundError when one has disappeared.

    A window whose process died at its very beginning has no line and is skipped.
    """
    for folder in reversed(folders):
        if ticks := read_last_ticks(folder):
            return max(ticks)
        folder.stat()
    return None


def _join(folder: Path, other: Path) -> None:
    """Merge a complete window into a partial copy of itself, and remove it."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        there = other / path.relative_to(folder)
        # The manifest has checksums of its own files, not of raw answers: existing raw answers stay.
        if path.parent == folder or not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            path.replace(there)
    shutil.rmtree(folder)
