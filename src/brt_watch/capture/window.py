"""A *window*: one folder of at least ten captured minutes.

    windows/20261123T180000Z/
        raw/20261123T180020Z.json.zst   the bytes of an answer, exactly as received
        brt.csv                         every record of every good poll
        rejects.csv                     the records that broke a rule, with the reason
        polls.csv                       the ledger: one line per tick
        manifest.json                   written last: the window is closed

The line in `polls.csv` is what makes a poll count. It is written after everything else of the poll is on the disk, and
says how long the other files are then, so that a process that dies at any moment leaves nothing half-done: what lies
beyond those lengths is cut off at the next opening, and an answer whose line is missing is taken up again from `raw`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog
import zstandard

from brt_watch import disk
from brt_watch.capture.ledger import (
    CSV_FIELDS,
    LEDGER_FIELDS,
    REJECT_FIELDS,
    LedgerLine,
    csv_lines,
    ledger_row,
    lines_of,
    read_lines,
)
from brt_watch.clock import MINUTE, UTC, floor, parse_tick, write_tick
from brt_watch.errors import DamagedWindow
from brt_watch.model import Parsed, Poll, Status

log = structlog.get_logger()

POLLS, CSV, REJECTS, MANIFEST = "polls.csv", "brt.csv", "rejects.csv", "manifest.json"


def started_at(folder: Path) -> datetime:
    """Return the tick at which a window began: its name."""
    return parse_tick(folder.name)


def captured_minutes(polls: Iterable[Poll]) -> set[datetime]:
    """Return the minutes of which at least one poll was good."""
    return {floor(poll.tick, MINUTE) for poll in polls if poll.status.is_good}


def is_closed(folder: Path) -> bool:
    """Whether a window is complete, and waits to be loaded or was loaded."""
    return (folder / MANIFEST).exists()


class Window:
    """A window as it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = read_ledger(folder)

    @property
    def is_closed(self) -> bool:
        """Whether it is complete, and waits to be loaded or was loaded."""
        return is_closed(self.folder)

    @property
    def started_at(self) -> datetime:
        """The tick at which the window began."""
        return started_at(self.folder)

    def captured_minutes(self) -> set[datetime]:
        """Return the minutes of which at least one poll was good."""
        return captured_minutes(line.poll for line in self.ledger)

    def is_due(self, now: datetime, minutes: int, min_captured: int) -> bool:
        """Whether the window may be closed: old enough, and with enough captured minutes in it."""
        # Also when the clock was set back behind its beginning.
        is_old = abs(now - self.started_at) >= timedelta(minutes=minutes)
        return is_old and len(self.captured_minutes()) >= min_captured


_NO_POLL = Poll(datetime(1970, 1, 1, tzinfo=UTC), Status.MISSED)


class OpenWindow(Window):
    """The window that is being filled. Opening it repairs what a dying process left half-done."""

    def __init__(self, folder: Path) -> None:
        (folder / "raw").mkdir(exist_ok=True)
        _cut_torn_line(folder / POLLS)
        super().__init__(folder)
        last = self.ledger[-1] if self.ledger else LedgerLine(_NO_POLL, 0, 0)
        _start_or_cut(folder / CSV, last.csv_bytes, CSV_FIELDS)
        _start_or_cut(folder / REJECTS, last.rejects_bytes, REJECT_FIELDS)
        _start_or_cut(folder / POLLS, len(disk.read(folder / POLLS)), LEDGER_FIELDS)

    def keep_raw(self, tick: datetime, body: bytes) -> tuple[str, str]:
        """Store an answer durably before anything else is done with it; returns its file name and its SHA-256."""
        sha256 = hashlib.sha256(body).hexdigest()
        for line in self.ledger:
            if line.poll.body_sha256 == sha256:
                return line.poll.raw, sha256
        name = f"{write_tick(tick)}.json.zst"
        disk.write_durably(self.folder / "raw" / name, zstandard.compress(body))
        return name, sha256

    def forget_raw(self, tick: datetime) -> None:
        """Remove what is left of an answer that the disk had no room for."""
        for left in (self.folder / "raw").glob(f"{write_tick(tick)}.json.zst*"):
            left.unlink()

    def unrecorded(self) -> Iterator[tuple[datetime, bytes, datetime]]:
        """Yield (tick, body, moment of arrival) of stored answers that the ledger does not have."""
        recorded = {line.poll.tick for line in self.ledger}
        for path in sorted((self.folder / "raw").glob("????????T??????*Z.json.zst")):
            tick = parse_tick(path.name.removesuffix(".json.zst"))
            if tick not in recorded:
                try:
                    yield tick, read_raw(path), datetime.fromtimestamp(path.stat().st_mtime, UTC)
                except DamagedWindow as damage:
                    log.error("raw_left_out", problem=str(damage))

    def record(self, poll: Poll, parsed: Parsed | None = None) -> Poll:
        """Write what happened at a tick, durably; returns the poll with its counts."""
        poll, records, rejects = lines_of(poll, parsed)
        csv_bytes = disk.append(self.folder / CSV, records)
        rejects_bytes = disk.append(self.folder / REJECTS, rejects)
        self._write_lines([LedgerLine(poll, csv_bytes, rejects_bytes)])
        return poll

    def record_missed(self, ticks: Iterable[datetime]) -> None:
        """Write down ticks at which nothing ran."""
        csv_bytes, rejects_bytes = ((self.folder / name).stat().st_size for name in (CSV, REJECTS))
        polls = [Poll(tick, Status.MISSED, "not_running") for tick in ticks]
        self._write_lines([LedgerLine(poll, csv_bytes, rejects_bytes) for poll in polls])

    def _write_lines(self, lines: list[LedgerLine]) -> None:
        disk.append(self.folder / POLLS, csv_lines(map(ledger_row, lines)))
        self.ledger += lines


def read_ledger(folder: Path, damaged_ok: bool = False) -> list[LedgerLine]:
    """Return the ledger of a window, in the order in which it was written; raises DamagedWindow.

    With `damaged_ok` one that cannot be read is empty: whoever opens or loads that window sets it aside.
    """
    try:
        return read_lines(disk.read(folder / POLLS))
    except (ValueError, zstandard.ZstdError) as error:
        if damaged_ok:
            return []
        raise DamagedWindow(folder=folder, difference=f"{POLLS} cannot be read: {error}") from error


def has_csv(folder: Path) -> bool:
    """Whether the records are there."""
    return (folder / CSV).exists() or disk.packed(folder / CSV).exists()


def read_raw(path: Path) -> bytes:
    """Return the bytes of an answer as received; raises DamagedWindow when they are not there any more."""
    try:
        return zstandard.decompress(path.read_bytes())
    except (FileNotFoundError, zstandard.ZstdError) as error:
        difference = f"the answer {path.name} cannot be read: {error}"
        raise DamagedWindow(folder=path.parents[1], difference=difference) from error


def _cut_torn_line(path: Path) -> None:
    data = disk.read(path)
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def _start_or_cut(path: Path, length: int, header: tuple[str, ...]) -> None:
    """Bring a file to the length that counts; at length 0 to its header."""
    if not length:
        disk.write_durably(path, csv_lines([header]))
    elif not path.exists() or path.stat().st_size < length:
        raise DamagedWindow(folder=path.parent, difference=f"{path.name} is shorter than its ledger says")
    else:
        os.truncate(path, length)
