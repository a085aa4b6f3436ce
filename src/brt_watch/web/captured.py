"""What the capture has written, read while it writes: polls as they come, and the windows that Postgres lacks.

Only what the ledger has counts. A window that a load moves meanwhile is in Postgres then.
"""

from __future__ import annotations

import csv
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import structlog
import zstandard

from brt_watch import disk
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LedgerLine
from brt_watch.capture.window import CSV, POLLS, read_ledger, started_at
from brt_watch.errors import DamagedWindow
from brt_watch.model import Poll
from brt_watch.web.signals import Signal, read_signals

log = structlog.get_logger()

KEPT_WINDOWS = 16
"""So many windows are kept in memory once they were read."""

LONGEST_WAIT = 30
"""Of the windows that wait to be loaded the newest so many are read: six hours of them."""

WRONG_CLOCK = timedelta(minutes=10)
"""The clocks of vehicles are ahead by less than this."""

Batch = tuple[Poll, list[Signal]]
Read = tuple[Path, list[LedgerLine]]


class NewPolls:
    """The polls that came since one looked last, oldest first."""

    def __init__(self, files: CaptureFiles, look_back: timedelta) -> None:
        self._files = files
        self._look_back = look_back
        self._known: set[str] = set()
        self._last, self._done = "", 0
        self._state: object = None

    def take(self) -> Iterator[Batch]:
        """Yield each new poll with its records; the first time those of the time that is looked back on."""
        newest = next(self._files.newest_first(), None)
        state = (newest, _state(newest / POLLS)) if newest else None
        if newest is None or state == self._state:
            return
        for folder, ledger in self._new_since_last() if self._known else self._looked_back_on():
            try:
                yield from _batches(folder, ledger, self._done if folder.name == self._last else 0)
            except DamagedWindow as damage:
                _pass_over(damage, is_newest=folder == newest)
            if ledger:
                self._known.add(folder.name)
                self._last, self._done = folder.name, len(ledger)
        self._state = state

    def _looked_back_on(self) -> list[Read]:
        folders = list(self._files.newest_first())
        new: list[Read] = []
        for folder in folders:
            new.append((folder, _ledger(folder, is_newest=not new)))
            if self._is_enough(new):
                break
        self._known.update(folder.name for folder in folders[len(new) :])
        return new[::-1]

    def _new_since_last(self) -> list[Read]:
        new: list[Read] = []
        for folder in self._files.newest_first():
            # A window that was not there is new, whatever its name: after the clock was set back it is an old one.
            if folder.name in self._known and folder.name != self._last:
                break
            new.append((folder, _ledger(folder, is_newest=not new)))
            if folder.name == self._last:
                break
        return new[::-1]

    def _is_enough(self, new: list[Read]) -> bool:
        ticks = [line.poll.tick for _, ledger in new for line in ledger if line.poll.status.is_good]
        return bool(ticks) and max(ticks) - min(ticks) >= self._look_back


def _ledger(folder: Path, is_newest: bool) -> list[LedgerLine]:
    try:
        return read_ledger(folder)
    except DamagedWindow as damage:
        _pass_over(damage, is_newest)
        return []


def _pass_over(damage: DamagedWindow, is_newest: bool) -> None:
    """Let what a damaged window has be missing, but for the newest: the page would show nothing and not say why."""
    if is_newest:
        raise damage
    log.warning("serve.window_passed_over", problem=str(damage))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _batches(folder: Path, ledger: list[LedgerLine], done: int) -> Iterator[Batch]:
    lines = ledger[done:]
    if not any(line.poll.records for line in lines):
        yield from ((line.poll, []) for line in lines)
        return
    offset = ledger[done - 1].csv_bytes if done else 0
    data = _read_from(folder / CSV, offset)
    if data is None:
        return
    for line in lines:
        part, data = data[: line.csv_bytes - offset], data[line.csv_bytes - offset :]
        if not offset:
            part = part[part.find(b"\n") + 1 :]
        offset = line.csv_bytes
        try:
            signals = list(read_signals(part))
        except (ValueError, IndexError, OverflowError, csv.Error) as error:
            raise DamagedWindow(folder=folder, difference=f"{CSV} cannot be read: {error!r}") from error
        yield line.poll, signals


def _read_from(path: Path, offset: int) -> bytes | None:
    """Return a file from a place on; None when it is not there, packed or not. Raises DamagedWindow."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        try:
            return disk.read(path)[offset:] or None
        except zstandard.ZstdError as error:
            raise DamagedWindow(folder=path.parent, difference=f"{path.name} cannot be read: {error}") from error


class _ReadWindow:
    """A window that was read as far as its ledger went; each signal once."""

    def __init__(self) -> None:
        self.polls: list[Poll] = []
        self.signals: dict[tuple[datetime, str], Signal] = {}

    def read_on(self, folder: Path) -> None:
        for poll, signals in _batches(folder, read_ledger(folder), len(self.polls)):
            self.polls.append(poll)
            for signal in signals:
                self.signals.setdefault(signal.key, signal)


class WaitingWindows:
    """The windows that are open or wait to be loaded."""

    def __init__(self, files: CaptureFiles) -> None:
        self._files = files
        self._read: OrderedDict[str, _ReadWindow] = OrderedDict()
        self._lock = Lock()

    def polls(self, de: datetime, ate: datetime) -> list[Poll]:
        """Return the polls whose tick lies in [de, ate)."""
        ledgers = (read_ledger(folder, damaged_ok=True) for folder in self._folders())
        return [line.poll for ledger in ledgers for line in ledger if de <= line.poll.tick < ate]

    def signals(self, de: datetime, ate: datetime) -> list[Signal]:
        """Return the signals whose stamp lies in [de, ate), each once."""
        found: dict[tuple[datetime, str], Signal] = {}
        folders = self._folders()
        for number, folder in enumerate(folders):
            # What a window holds was sent before the next one began, but for clocks that are wrong.
            if number + 1 < len(folders) and started_at(folders[number + 1]) + WRONG_CLOCK < de:
                continue
            for key, signal in self._window(folder).signals.items():
                if de <= signal.datahora < ate:
                    found.setdefault(key, signal)
        return list(found.values())

    def _folders(self) -> list[Path]:
        folders = sorted(self._files.windows.glob("????????T??????*Z"), key=started_at)
        return folders[-LONGEST_WAIT:]

    def _window(self, folder: Path) -> _ReadWindow:
        with self._lock:
            window = self._read.pop(folder.name, None) or _ReadWindow()
            try:
                window.read_on(folder)
            except DamagedWindow as damage:
                _pass_over(damage, is_newest=False)
            self._read[folder.name] = window
            while len(self._read) > KEPT_WINDOWS:
                self._read.popitem(last=False)
            return window
