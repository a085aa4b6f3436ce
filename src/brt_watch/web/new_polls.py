"""The polls of the capture, read while it writes: new ones, and those of windows that wait to be loaded.

Only polls in the ledger count. A window that a load moves meanwhile is read in the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
import zstandard

from brt_watch import disk
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LedgerLine
from brt_watch.capture.window import CSV, POLLS, read_growing_ledger, started_at
from brt_watch.errors import DamagedRecords, DamagedWindow
from brt_watch.model import Poll

log = structlog.get_logger()

LONGEST_WAIT = 30
"""Windows that wait to be loaded and are read, the newest ones: six hours of them."""

Consumer = Callable[[list[Poll], bytes], None]
"""Takes polls and their lines of `brt.csv`, without its header; raises DamagedRecords."""

Read = tuple[Path, list[LedgerLine]]


class NewPolls:
    """The polls since the last look, oldest first, one window at a time."""

    def __init__(self, files: CaptureFiles, look_back: timedelta) -> None:
        self._files = files
        self._look_back = look_back
        self._known: set[str] = set()
        self._last, self._done = "", 0
        self._state: object = None
        self.began_before = False
        """Whether there are windows before those that the first look took."""

    def take(self, consume: Consumer) -> None:
        """Give new polls to a consumer; at the first look, those of the last `look_back`."""
        newest = next(self._files.newest_first(), None)
        state = (newest, _state(newest / POLLS)) if newest else None
        if newest is None or state == self._state:
            return
        for folder, ledger in self._new_since_last() if self._known else self._looked_back_on():
            try:
                done = self._done if folder.name == self._last else 0
                self._give(folder, ledger, done, consume)
            except DamagedWindow as damage:
                _pass_over(damage, is_newest=folder == newest)
            if ledger:
                self._known.add(folder.name)
                self._last, self._done = folder.name, len(ledger)
        self._state = state

    def _looked_back_on(self) -> list[Read]:
        folders = list(self._files.newest_first())
        new: dict[str, Read] = {}
        for folder in folders:
            # One that was moved while the folders were listed is in the list twice.
            if folder.name not in new:
                new[folder.name] = self._read(folder, is_newest=not new)
            if self._is_enough(new.values()):
                break
        before = {folder.name for folder in folders} - new.keys()
        self._known |= before
        self.began_before = bool(before)
        return [*new.values()][::-1]

    def _new_since_last(self) -> list[Read]:
        new: dict[str, Read] = {}
        for folder in self._files.newest_first():
            # A window that was not there before is new, whatever its name: after a clock set back its name is old.
            if folder.name in self._known and folder.name != self._last:
                break
            if folder.name not in new:
                new[folder.name] = self._read(folder, is_newest=not new)
            if folder.name == self._last:
                break
        return [*new.values()][::-1]

    def _read(self, folder: Path, is_newest: bool) -> Read:
        ledger = _ledger(folder, is_newest)
        if not ledger and not folder.exists():
            folder = self._files.archived_as(folder)
            ledger = _ledger(folder, is_newest)
        return folder, ledger

    def _give(self, folder: Path, ledger: list[LedgerLine], done: int, consume: Consumer) -> None:
        lines = ledger[done:]
        if not lines:
            return
        data = b""
        if any(line.poll.records for line in lines):
            begin = ledger[done - 1].csv_bytes if done else 0
            places = (folder, self._files.archived_as(folder))
            read = next((found for place in places if (found := _read_from(place / CSV, begin)) is not None), None)
            if read is None:
                log.warning("serve.window_passed_over", problem=f"{folder}: {CSV} is not there")
                return
            data = read[: lines[-1].csv_bytes - begin]
            if not begin:
                data = data[data.find(b"\n") + 1 :]
        try:
            consume([line.poll for line in lines], data)
        except DamagedRecords as damage:
            raise DamagedWindow(folder=folder, difference=f"{CSV} cannot be read: {damage}") from damage

    def _is_enough(self, new: Iterable[Read]) -> bool:
        ticks = [line.poll.tick for _, ledger in new for line in ledger if line.poll.status.is_good]
        return bool(ticks) and max(ticks) - min(ticks) >= self._look_back


def _ledger(folder: Path, is_newest: bool) -> list[LedgerLine]:
    try:
        return read_growing_ledger(folder)
    except DamagedWindow as damage:
        _pass_over(damage, is_newest)
        return []


def _pass_over(damage: DamagedWindow, is_newest: bool) -> None:
    """Leave out what a damaged window holds, except for the newest: the page would show nothing and not say why."""
    if is_newest:
        raise damage
    log.warning("serve.window_passed_over", problem=str(damage))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _read_from(path: Path, offset: int) -> bytes | None:
    """Return a file from an offset on; None when it is not there, packed or not. Raises DamagedWindow."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        try:
            return disk.read(path)[offset:] or None
        except zstandard.ZstdError as error:
            raise DamagedWindow(folder=path.parent, difference=f"{path.name} cannot be read: {error}") from error


class WaitingWindows:
    """The windows that are open or wait to be loaded."""

    def __init__(self, files: CaptureFiles) -> None:
        self._files = files

    def polls(self, de: datetime, ate: datetime) -> list[Poll]:
        """Return the polls whose tick lies in [de, ate)."""
        ledgers = (read_growing_ledger(folder, damaged_ok=True) for folder in self.folders())
        return [line.poll for ledger in ledgers for line in ledger if de <= line.poll.tick < ate]

    def oldest(self) -> datetime | None:
        """Return the beginning of the oldest window that waits, None when none does."""
        return min(map(started_at, self._all()), default=None)

    def folders(self) -> list[Path]:
        """Return the newest of these windows, oldest first."""
        return sorted(self._all(), key=started_at)[-LONGEST_WAIT:]

    def _all(self) -> list[Path]:
        return list(self._files.windows.glob("????????T??????*Z"))
