"""The one door to the capture files. A *window* is one folder of at least ten captured minutes:

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
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path

import msgspec
import structlog
import zstandard

from brt_watch import __version__, disk, lock
from brt_watch.capture.contract import Watch
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
from brt_watch.clock import MINUTE, UTC, floor, parse_moment, parse_tick, write_moment, write_tick
from brt_watch.errors import DamagedWindow, MixedData
from brt_watch.model import Parsed, Poll, Status

log = structlog.get_logger()

POLLS, CSV, REJECTS, MANIFEST = "polls.csv", "brt.csv", "rejects.csv", "manifest.json"

PACKING_LEVEL = 9

RESERVE_BYTES = 1 << 20
"""A day of full disk has 4,320 lines in the ledger of 150 bytes each."""


class Manifest(msgspec.Struct, frozen=True):
    """What a closed window holds. Ticks are moments in UTC; the sums are SHA-256."""

    window: str
    capturer: str
    feed_url: str
    code_version: str
    first_tick: str
    last_tick: str
    polls: int
    good_polls: int
    captured_minutes: int
    records: int
    rejects: int
    sha256: dict[str, str]


class CaptureFiles:
    """The windows of one data folder."""

    def __init__(self, data: Path, feed_url: str) -> None:
        self.data = data
        self.feed_url = feed_url
        self.windows = data / "windows"
        self.archive = data / "archive"
        self.damaged = data / "damaged"

    @property
    def capturer(self) -> str:
        """The name of this data folder among all that capture the same feed; made at first use, then kept."""
        path = self.data / "capturer"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            name = "simulated" if self.simulated() else os.uname().nodename
            disk.write_durably(path, f"{name}-{os.urandom(3).hex()}".encode())
        return path.read_text().strip()

    def simulated(self) -> bytes | None:
        """Return what this data folder was marked with as one for simulated data, None if it is for real data."""
        return disk.read(self.data / "simulated.json") or None

    def mark_simulated(self, mark: bytes) -> None:
        """Make this data folder one for simulated data; raises MixedData when it is not new."""
        if (self.data / "capturer").exists() or any(self.newest_first()):
            raise MixedData(folder=self.data)
        self.data.mkdir(parents=True, exist_ok=True)
        disk.write_durably(self.data / "simulated.json", mark)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only process that writes windows; raises AlreadyRunning."""
        with lock.hold(self.data / "run" / "capture-files.lock", "A capture", patience_seconds=3):
            yield

    def open_window(self) -> OpenWindow | None:
        """Return the window that is being filled, repaired; only inside `writing`."""
        folder = self._open_folder()
        try:
            return OpenWindow(folder) if folder else None
        except DamagedWindow as damage:
            assert folder
            self.set_aside(folder, damage)
            return None

    def new_window(self, tick: datetime) -> OpenWindow:
        """Start a window at `tick`; only inside `writing`, after the one before it was closed."""
        folder = self.windows / write_tick(tick)
        folder.mkdir(parents=True)
        disk.sync_folder(self.windows)
        return OpenWindow(folder)

    def closed_windows(self) -> list[Path]:
        """Return the windows that wait to be loaded, oldest first."""
        return [folder for folder in self._folders(self.windows) if _closed(folder)]

    def newest_tick(self) -> datetime | None:
        """Return the newest tick in the ledgers of all windows, None in a new data folder."""
        # The newest of each place is enough, for a window's name is its first tick; the open one may have a name from
        # before the clock was set back.
        while True:
            waiting, is_open = self._folders(self.windows), self._open_folder()
            places = [waiting, [is_open] if is_open else [], self._folders(self.damaged)]
            places += map(self._folders, self._months()[:1])
            try:
                return max(filter(None, map(_newest_with_a_line, places)), default=None)
            except FileNotFoundError:
                continue  # A load has moved one to the archive meanwhile; it is looked for there.

    def note_set_back(self, newest: datetime) -> None:
        """Note that the clock was set back, and that the ledger has ticks up to `newest` already."""
        newest = max(newest, self.set_back_until() or newest)
        disk.write_durably(self.data / "clock-set-back", write_moment(newest).encode())

    def set_back_until(self) -> datetime | None:
        """Return the newest tick that the ledger had when the clock was last set back, None if it never was."""
        noted = disk.read(self.data / "clock-set-back")
        return parse_moment(noted.decode()) if noted else None

    def remembered(self) -> Watch:
        """Return what the contract watch remembers."""
        path = self.data / "watch.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Watch) if path.exists() else Watch()
        except msgspec.MsgspecError as error:
            log.warning("watch_forgotten", problem=str(error))
            return Watch()

    def remember(self, watch: Watch) -> None:
        """Keep what the contract watch remembers until the next poll."""
        disk.write_durably(self.data / "watch.json", msgspec.json.encode(watch))

    def keep_reserve(self) -> None:
        """Hold some room on the disk, so that the ledger can be written when the disk is full."""
        path = self.data / "reserve"
        if not path.exists():
            try:
                disk.write_durably(path, b"\0" * RESERVE_BYTES)
            except OSError as error:
                if error.errno not in disk.NO_ROOM:
                    raise
                path.with_name("reserve.part").unlink(missing_ok=True)

    def release_reserve(self) -> None:
        """Give the room back."""
        (self.data / "reserve").unlink(missing_ok=True)

    def newest_first(self) -> Iterator[Path]:
        """Yield the folders of all windows: the open one, then those that wait and the archived, the newest first."""
        yield from sorted(self._folders(self.windows), key=lambda folder: (not _closed(folder), folder), reverse=True)
        for month in self._months():
            yield from reversed(self._folders(month))

    def set_aside(self, folder: Path, damage: DamagedWindow) -> None:
        """Move a window that is not what it should be to where a person looks at it."""
        self.damaged.mkdir(exist_ok=True)
        names = chain([folder.name], (f"{folder.name}.{number}" for number in count(2)))
        folder.rename(next(path for name in names if not (path := self.damaged / name).exists()))
        log.error("window_set_aside", problem=str(damage), now_in=str(self.damaged))

    def _open_folder(self) -> Path | None:
        # The newest first: hundreds may wait while Postgres is away, and the open one is hardly ever among the others.
        return next((folder for folder in reversed(self._folders(self.windows)) if not _closed(folder)), None)

    def _months(self) -> list[Path]:
        return sorted(self.archive.glob("????-??"), reverse=True)

    def close(self, window: OpenWindow) -> Path:
        """Close a window for good; returns its folder."""
        polls = [line.poll for line in window.ledger]
        sha256 = {name: disk.sha256(window.folder / name) for name in (POLLS, CSV, REJECTS)}
        _write_manifest(window.folder, polls, self.capturer, self.feed_url, sha256)
        return window.folder

    def to_archive(self, folder: Path) -> Path:
        """Move a loaded window out of the way; returns where it is now.

        A backup that was taken while it moved has it in both places; the two become one. A window of the same name
        that is another one is set aside.
        """
        target = self.archive / f"{parse_tick(folder.name):%Y-%m}" / folder.name
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

    def archived_months(self, until: datetime) -> Iterator[list[Path]]:
        """Yield the archived windows of each month up to the one of `until`, the newest month first."""
        for month in self._months():
            if month.name <= f"{until:%Y-%m}":
                yield self._folders(month)

    def archived(self) -> list[Path]:
        """Return the archived windows, oldest first."""
        return [folder for month in reversed(self._months()) for folder in self._folders(month)]

    @staticmethod
    def _folders(parent: Path) -> list[Path]:
        return sorted(parent.glob("????????T??????*Z"))


def started_at(folder: Path) -> datetime:
    """Return the tick at which a window began: its name."""
    return parse_tick(folder.name)


def captured_minutes(polls: Iterable[Poll]) -> set[datetime]:
    """Return the minutes of which at least one poll was good."""
    return {floor(poll.tick, MINUTE) for poll in polls if poll.status.is_good}


class Window:
    """A window as it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = read_ledger(folder)

    @property
    def is_closed(self) -> bool:
        """Whether it is complete, and waits to be loaded or was loaded."""
        return _closed(self.folder)

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


def _newest_with_a_line(folders: list[Path]) -> datetime | None:
    """Return the newest tick of these windows; raises FileNotFoundError when one of them is not there any more.

    One whose process died at its very beginning has no line, and hides no other.
    """
    for folder in reversed(folders):
        if ledger := read_ledger(folder, damaged_ok=True):
            return max(line.poll.tick for line in ledger)
        folder.stat()
    return None


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


def read_manifest(folder: Path, missing_ok: bool = False) -> Manifest:
    """Return the manifest of a closed window, its files checked against it; raises DamagedWindow.

    With `missing_ok` its CSV may have been deleted, as the settings of the archive can want it.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        names = [name for name in manifest.sha256 if name != CSV or has_csv(folder) or not missing_ok]
        different = [name for name in names if disk.sha256(folder / name) != manifest.sha256[name]]
    except (OSError, msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise DamagedWindow(folder=folder, difference=str(error)) from error
    if different:
        raise DamagedWindow(folder=folder, difference=f"{', '.join(different)} changed after it was closed")
    return manifest


def read_raw(path: Path) -> bytes:
    """Return the bytes of an answer as received; raises DamagedWindow when they are not there any more."""
    try:
        return zstandard.decompress(path.read_bytes())
    except (FileNotFoundError, zstandard.ZstdError) as error:
        difference = f"the answer {path.name} cannot be read: {error}"
        raise DamagedWindow(folder=path.parents[1], difference=difference) from error


# -- archived windows ---------------------------------------------------------------------------------------------


def pack(folder: Path) -> None:
    """Compress the files of a loaded window; twice is once."""
    for name in (POLLS, CSV, REJECTS):
        path = folder / name
        if path.exists():
            with path.open("rb") as file, disk.writing_durably(disk.packed(path)) as into:
                packer = zstandard.ZstdCompressor(level=PACKING_LEVEL)
                packer.copy_stream(file, into, size=path.stat().st_size)
            path.unlink()


def _join(folder: Path, other: Path) -> None:
    """Put what a whole window has into what is there of the same one, and remove it."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        there = other / path.relative_to(folder)
        # The manifest vouches for its own files, and not for raw answers: of those what is there stays.
        if path.parent == folder or not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            path.replace(there)
    shutil.rmtree(folder)


def drop_raw(folder: Path) -> int:
    """Delete the raw answers of an archived window; returns the bytes that this frees.

    The ledger and the manifest stay: it is still known what was known.
    """
    return _drop((folder / "raw").glob("*"))


def drop_csv(folder: Path) -> int:
    """Delete the records in CSV of an archived window; returns the bytes that this frees."""
    return _drop(folder.glob(f"{CSV}*"))


def _drop(paths: Iterable[Path]) -> int:
    sizes = {path: path.stat().st_size for path in paths}
    for path in sizes:
        path.unlink()
    return sum(sizes.values())


def has_some_raw(folder: Path) -> bool:
    """Whether any raw answer is there."""
    return any((folder / "raw").glob("*"))


def has_raw(folder: Path) -> bool:
    """Whether the raw answers of all polls that had one are there."""
    return all((folder / "raw" / line.poll.raw).exists() for line in read_ledger(folder) if line.poll.raw)


def has_csv(folder: Path) -> bool:
    """Whether the records are there."""
    return (folder / CSV).exists() or disk.packed(folder / CSV).exists()


def remake(folder: Path, understand: Callable[[Poll, bytes], tuple[Poll, Parsed | None]]) -> Manifest:
    """Write the files of an archived window anew from its ledger and its raw answers; returns the new manifest.

    `understand` reads an answer; a poll without one stays as it was. A process that dies here has destroyed nothing:
    the next one begins again.
    """
    old = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    records, rejects = bytearray(csv_lines([CSV_FIELDS])), bytearray(csv_lines([REJECT_FIELDS]))
    lines: list[LedgerLine] = []
    for line in read_ledger(folder):
        poll, parsed = line.poll, None
        if poll.raw:
            poll, parsed = understand(poll, read_raw(folder / "raw" / poll.raw))
        poll, new_records, new_rejects = lines_of(poll, parsed)
        records += new_records
        rejects += new_rejects
        lines.append(LedgerLine(poll, len(records), len(rejects)))
    ledger = csv_lines([LEDGER_FIELDS, *map(ledger_row, lines)])
    contents = {POLLS: ledger, CSV: bytes(records), REJECTS: bytes(rejects)}
    for name, content in contents.items():
        disk.write_durably(disk.packed(folder / name), zstandard.compress(content, PACKING_LEVEL))
        (folder / name).unlink(missing_ok=True)
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return _write_manifest(folder, [line.poll for line in lines], old.capturer, old.feed_url, sha256)


def _closed(folder: Path) -> bool:
    return (folder / MANIFEST).exists()


def _write_manifest(folder: Path, polls: list[Poll], capturer: str, feed_url: str, sha256: dict[str, str]) -> Manifest:
    manifest = Manifest(
        window=folder.name,
        capturer=capturer,
        feed_url=feed_url,
        code_version=__version__,
        first_tick=write_moment(polls[0].tick),
        last_tick=write_moment(polls[-1].tick),
        polls=len(polls),
        good_polls=sum(poll.status.is_good for poll in polls),
        captured_minutes=len(captured_minutes(polls)),
        records=sum(poll.records for poll in polls),
        rejects=sum(poll.rejects for poll in polls),
        sha256=sha256,
    )
    disk.write_durably(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    return manifest


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
