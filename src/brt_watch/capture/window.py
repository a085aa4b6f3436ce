"""A *window*: one folder of at least ten captured minutes.

    windows/20261123T180000Z/
        raw/20261123T180020Z.json.zst   the bytes of an answer, exactly as received
        brt.csv                         every record of every good poll
        rejects.csv                     the records that broke a rule, with the reason
        polls.csv                       the ledger: one line per tick
        manifest.json                   written last: the window is closed

The line in `polls.csv` commits a poll. It is written after everything else of the poll is on disk, and records the
lengths of the other files, so a process that dies at any moment leaves nothing half-done: the next opening cuts off
everything beyond those lengths, and recovers an answer without a line from `raw`.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

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
from brt_watch.feeds.brt import FEED as BRT
from brt_watch.feeds.feed import Feed
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
    """A window on disk."""

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


_NO_POLL = Poll(datetime(1970, 1, 1, tzinfo=UTC), Status.MISSED)

RECENT_ANSWERS = 1000
"""An answer that equals one of this many before it is not stored again."""

RECENT_LINES = 60
"""The lines of the ledger that an open window keeps in memory, however long it stays open."""

LAST_BYTES = 1 << 14
"""The end of a ledger: about half an hour of it."""


KNOWN_LEDGERS = 64
"""Ledgers that a reader keeps in memory: more than the page needs."""

KNOWN_END = 400
"""Bytes by which a reader recognises the ledger that it has read: the last line, and some before it."""


class OpenWindow:
    """The open window. Opening it repairs anything that a dying process left half-done.

    Its ledger is read once, when it is opened: a poll costs the same after weeks without an answer.
    """

    def __init__(self, folder: Path, feed: Feed = BRT) -> None:
        self.folder = folder
        self.feed = feed
        (folder / "raw").mkdir(exist_ok=True)
        _cut_torn_line(folder / POLLS)
        self.recent: deque[LedgerLine] = deque(maxlen=RECENT_LINES)
        self.captured_minutes: set[datetime] = set()
        self.newest_good: datetime | None = None
        self.lines = 0
        self._raw_by_sha256: dict[str, str] = {}
        self._unrecorded = {path.name for path in (folder / "raw").glob("????????T??????*Z.json.zst")}
        try:
            for line in read_lines(disk.read(folder / POLLS)):
                self._note(line)
        except ValueError as error:
            raise DamagedWindow(folder=folder, difference=f"{POLLS} cannot be read: {error}") from error
        last = self.last or LedgerLine(_NO_POLL, 0, 0)
        _start_or_cut(folder / CSV, last.csv_bytes, CSV_FIELDS)
        _start_or_cut(folder / REJECTS, last.rejects_bytes, REJECT_FIELDS)
        _start_or_cut(folder / POLLS, len(disk.read(folder / POLLS)), LEDGER_FIELDS)
        self._state = self._on_disk()

    @property
    def last(self) -> LedgerLine | None:
        """The last line of the ledger."""
        return self.recent[-1] if self.recent else None

    @property
    def ledger(self) -> list[LedgerLine]:
        """The whole ledger, read from the disk."""
        return read_ledger(self.folder)

    def is_as_on_disk(self) -> bool:
        """Whether no other process has written to the window, and nothing was left half-done."""
        try:
            return self._state is not None and self._state == self._on_disk()
        except FileNotFoundError:
            return False

    def is_due(self, now: datetime, minutes: int, min_captured: int) -> bool:
        """Whether the window may be closed: old enough, and with enough captured minutes in it."""
        # Also when the clock was set back to before its beginning.
        is_old = abs(now - started_at(self.folder)) >= timedelta(minutes=minutes)
        return is_old and len(self.captured_minutes) >= min_captured

    def keep_raw(self, tick: datetime, body: bytes) -> tuple[str, str]:
        """Store an answer durably before anything else is done with it; returns its file name and its SHA-256."""
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 in self._raw_by_sha256:
            return self._raw_by_sha256[sha256], sha256
        name = f"{write_tick(tick)}.json.zst"
        disk.write_durably(self.folder / "raw" / name, zstandard.compress(body))
        return name, sha256

    def forget_raw(self, tick: datetime) -> None:
        """Remove the remains of an answer that did not fit on the disk."""
        for left in (self.folder / "raw").glob(f"{write_tick(tick)}.json.zst*"):
            left.unlink()

    def unrecorded(self) -> Iterator[tuple[datetime, bytes, datetime]]:
        """Yield (tick, body, time of arrival) of stored answers without a line in the ledger."""
        for path in sorted(self.folder / "raw" / name for name in self._unrecorded):
            tick = parse_tick(path.name.removesuffix(".json.zst"))
            try:
                yield tick, read_raw(path), datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except DamagedWindow as damage:
                log.error("raw_left_out", problem=str(damage))
        self._unrecorded.clear()

    def record(self, poll: Poll, parsed: Parsed | None = None) -> Poll:
        """Record the outcome of a tick, durably; returns the poll with its counts."""
        poll, records, rejects = lines_of(poll, parsed)
        csv_bytes = disk.append(self.folder / CSV, records)
        rejects_bytes = disk.append(self.folder / REJECTS, rejects)
        self._write_lines([LedgerLine(poll, csv_bytes, rejects_bytes)])
        return poll

    def record_missed(self, ticks: Iterable[datetime]) -> None:
        """Write a missed line for each of these ticks: nothing was running."""
        csv_bytes, rejects_bytes = ((self.folder / name).stat().st_size for name in (CSV, REJECTS))
        polls = [Poll(tick, Status.MISSED, "not_running") for tick in ticks]
        self._write_lines([LedgerLine(poll, csv_bytes, rejects_bytes) for poll in polls])

    def _write_lines(self, lines: list[LedgerLine]) -> None:
        disk.append(self.folder / POLLS, csv_lines(map(ledger_row, lines)))
        for line in lines:
            self._note(line)
        self._state = self._on_disk()

    def _note(self, line: LedgerLine) -> None:
        self.recent.append(line)
        self.lines += 1
        poll = line.poll
        self._unrecorded.discard(f"{write_tick(poll.tick)}.json.zst")
        if poll.status.is_good:
            self.captured_minutes.add(floor(poll.tick, MINUTE))
            self.newest_good = max(poll.tick, self.newest_good or poll.tick)
        if poll.raw:
            self._raw_by_sha256[poll.body_sha256] = poll.raw
            if len(self._raw_by_sha256) > RECENT_ANSWERS:
                del self._raw_by_sha256[next(iter(self._raw_by_sha256))]

    def _on_disk(self) -> object:
        polls, last = (self.folder / POLLS).stat(), self.last
        sizes = [(self.folder / name).stat().st_size for name in (CSV, REJECTS)]
        is_whole = last is None or sizes == [last.csv_bytes, last.rejects_bytes]
        raw = (self.folder / "raw").stat().st_mtime_ns
        return (polls.st_ino, polls.st_size, polls.st_mtime_ns, raw) if is_whole else None


def read_ledger(folder: Path, damaged_ok: bool = False) -> list[LedgerLine]:
    """Return the ledger of a window, in the order in which it was written; raises DamagedWindow.

    With `damaged_ok`, a ledger that cannot be read counts as empty; opening or loading its window sets it aside.
    """
    try:
        return list(read_lines(disk.read(folder / POLLS)))
    except (ValueError, zstandard.ZstdError) as error:
        if damaged_ok:
            return []
        raise DamagedWindow(folder=folder, difference=f"{POLLS} cannot be read: {error}") from error


class _Known(NamedTuple):
    """The read part of a ledger: its header, its length in bytes, its last bytes, and its lines."""

    header: bytes
    length: int
    end: bytes
    lines: list[LedgerLine]


_known: dict[Path, _Known] = {}


def read_growing_ledger(folder: Path, damaged_ok: bool = False) -> list[LedgerLine]:
    """Return the same as `read_ledger`, but read only the lines written since the last call in this process."""
    known = _known.get(folder)
    try:
        with (folder / POLLS).open("rb") as file:
            file.seek(known.length - len(known.end) if known else 0)
            if known and file.read(len(known.end)) != known.end:
                # The file was replaced: nothing of the old one counts.
                known = None
                file.seek(0)
            data = file.read()
        data = data[: data.rfind(b"\n") + 1]
        header, length, end, lines = known or _Known(data[: data.find(b"\n") + 1], 0, b"", [])
        new = list(read_lines(header + data if known else data))
    except FileNotFoundError:
        return read_ledger(folder, damaged_ok)  # packed, or not there
    except ValueError as error:
        if damaged_ok:
            return []
        raise DamagedWindow(folder=folder, difference=f"{POLLS} cannot be read: {error}") from error
    if data:
        length, end, lines = length + len(data), (end + data)[-KNOWN_END:], [*lines, *new]
    if length:
        _known.pop(folder, None)
        _known[folder] = _Known(header, length, end, lines)
        for old in list(_known)[:-KNOWN_LEDGERS]:
            _known.pop(old, None)
    return lines


def has_csv(folder: Path) -> bool:
    """Whether the records exist."""
    return (folder / CSV).exists() or disk.packed(folder / CSV).exists()


def read_last_ticks(folder: Path) -> list[datetime]:
    """Return the ticks at the end of a window's ledger; none when it is empty or cannot be read."""
    try:
        with (folder / POLLS).open("rb") as file:
            header = file.readline()
            # Only the complete lines of the last piece, however long the ledger is.
            file.seek(max(len(header), file.seek(0, os.SEEK_END) - LAST_BYTES))
            end = file.read()
        if len(end) == LAST_BYTES:
            end = end[end.find(b"\n") + 1 :]
        return [line.poll.tick for line in read_lines(header + end)]
    except FileNotFoundError:
        return [line.poll.tick for line in read_ledger(folder, damaged_ok=True)]  # packed, or not there
    except ValueError:
        return []


def read_raw(path: Path) -> bytes:
    """Return the bytes of an answer as received; raises DamagedWindow if they cannot be read."""
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
    """Cut a file to its recorded length; at length 0, start it with its header."""
    if not length:
        disk.write_durably(path, csv_lines([header]))
    elif not path.exists() or path.stat().st_size < length:
        raise DamagedWindow(folder=path.parent, difference=f"{path.name} is shorter than its ledger says")
    else:
        os.truncate(path, length)
