"""The files of an archived window: compress them, delete them when the settings say so, write them again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
)
from brt_watch.capture.manifest import Manifest, unchecked_manifest, write_manifest
from brt_watch.capture.window import CSV, POLLS, REJECTS, read_ledger, read_raw
from brt_watch.feeds import MODULES, feed_named
from brt_watch.feeds.feed import Feed
from brt_watch.model import Parsed, Poll

PACKING_LEVEL = 9

LARGE_BYTES, LARGE_LEVEL = 1 << 25, 3
"""A file of this size comes from an import: strong compression would take as long as everything else together."""


def pack(folder: Path) -> None:
    """Compress the files of a loaded window; safe to repeat."""
    for name in (POLLS, CSV, REJECTS):
        path = folder / name
        if path.exists():
            with path.open("rb") as file, disk.writing_durably(disk.packed(path)) as into:
                size = path.stat().st_size
                packer = zstandard.ZstdCompressor(level=PACKING_LEVEL if size < LARGE_BYTES else LARGE_LEVEL)
                packer.copy_stream(file, into, size=size)
            path.unlink()


def drop_raw(folder: Path) -> int:
    """Delete the raw answers of an archived window; returns the freed bytes.

    The ledger and the manifest stay.
    """
    return _drop((folder / "raw").glob("*"))


def drop_csv(folder: Path) -> int:
    """Delete the CSV of an archived window; returns the freed bytes."""
    return _drop(folder.glob(f"{CSV}*"))


def _drop(paths: Iterable[Path]) -> int:
    sizes = {path: path.stat().st_size for path in paths}
    for path in sizes:
        path.unlink()
    return sum(sizes.values())


def has_some_raw(folder: Path) -> bool:
    """Whether any raw answer exists."""
    return any((folder / "raw").glob("*"))


def has_raw(folder: Path) -> bool:
    """Whether the raw answers of all polls with records or rejects exist; imported tables never had any."""
    return all(_has_raw(folder, line.poll) for line in read_ledger(folder))


def _has_raw(folder: Path, poll: Poll) -> bool:
    return (folder / "raw" / poll.raw).exists() if poll.raw else not (poll.records or poll.rejects)


def remake(
    folder: Path, read: Callable[[Poll, bytes, Feed], tuple[Poll, Parsed | None]], current: Feed | None = None
) -> Manifest:
    """Rewrite the files of an archived window from its ledger and its raw answers; returns the new manifest.

    `read` reads an answer of the window's feed, or of `current`, the format in today's settings (another unit of
    speed, for example); a poll without an answer stays unchanged. One answer is in memory at a time. A process that
    dies here destroys nothing: the next one begins again.
    """
    old = unchecked_manifest(folder)
    feed = current if current and MODULES[current.name] == MODULES[old.feed] else feed_named(old.feed)
    polls: list[Poll] = []
    with (
        packing(folder / POLLS) as ledger,
        packing(folder / CSV) as records,
        packing(folder / REJECTS) as rejects,
    ):
        for packed, header in ((ledger, LEDGER_FIELDS), (records, CSV_FIELDS), (rejects, REJECT_FIELDS)):
            packed.write(csv_lines([header]))
        for line in read_ledger(folder):
            poll, parsed = line.poll, None
            if poll.raw:
                poll, parsed = read(poll, read_raw(folder / "raw" / poll.raw), feed)
            poll, new_records, new_rejects = lines_of(poll, parsed)
            records.write(new_records)
            rejects.write(new_rejects)
            ledger.write(csv_lines([ledger_row(LedgerLine(poll, records.length, rejects.length))]))
            polls.append(poll)
    for name in (POLLS, CSV, REJECTS):
        (folder / name).unlink(missing_ok=True)
    sha256 = {POLLS: ledger.sha256, CSV: records.sha256, REJECTS: rejects.sha256}
    return write_manifest(folder, polls, old.capturer, old.feed_url, feed.name, sha256)


class Packed:
    """A packed file being written: the length of its content so far, and its checksum."""

    def __init__(self, into: zstandard.ZstdCompressionWriter) -> None:
        self._into, self._digest, self.length = into, hashlib.sha256(), 0

    def write(self, content: bytes) -> None:
        """Append to it."""
        self._into.write(content)
        self._digest.update(content)
        self.length += len(content)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content."""
        return self._digest.hexdigest()


@contextmanager
def packing(path: Path, level: int = PACKING_LEVEL) -> Iterator[Packed]:
    """Write the packed form of a file; it appears when the block ends without an error."""
    with (
        disk.writing_durably(disk.packed(path)) as file,
        zstandard.ZstdCompressor(level=level).stream_writer(file, closefd=False) as into,
    ):
        yield Packed(into)
