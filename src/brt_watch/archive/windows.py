"""The files of an archived window: packed, dropped when the settings no longer want them, written again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import zstandard

from brt_watch import disk
from brt_watch.capture.ledger import (
    LEDGER_FIELDS,
    REJECT_FIELDS,
    LedgerLine,
    csv_fields,
    csv_lines,
    ledger_row,
    lines_of,
)
from brt_watch.capture.manifest import Manifest, write_manifest
from brt_watch.capture.window import CSV, MANIFEST, POLLS, REJECTS, read_ledger, read_raw
from brt_watch.feeds import FEEDS
from brt_watch.feeds.feed import Feed
from brt_watch.model import Parsed, Poll

PACKING_LEVEL = 9


def pack(folder: Path) -> None:
    """Compress the files of a loaded window; twice is once."""
    for name in (POLLS, CSV, REJECTS):
        path = folder / name
        if path.exists():
            with path.open("rb") as file, disk.writing_durably(disk.packed(path)) as into:
                packer = zstandard.ZstdCompressor(level=PACKING_LEVEL)
                packer.copy_stream(file, into, size=path.stat().st_size)
            path.unlink()


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


def remake(folder: Path, read: Callable[[Poll, bytes, Feed], tuple[Poll, Parsed | None]]) -> Manifest:
    """Write the files of an archived window again from its ledger and its raw answers; returns the new manifest.

    `read` reads an answer of the window's feed; a poll without one stays as it was. A process that dies here has
    destroyed nothing: the next one begins again.
    """
    old = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    feed = FEEDS[old.feed]
    records, rejects = bytearray(csv_lines([csv_fields(feed)])), bytearray(csv_lines([REJECT_FIELDS]))
    lines: list[LedgerLine] = []
    for line in read_ledger(folder):
        poll, parsed = line.poll, None
        if poll.raw:
            poll, parsed = read(poll, read_raw(folder / "raw" / poll.raw), feed)
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
    return write_manifest(folder, [line.poll for line in lines], old.capturer, old.feed_url, old.feed, sha256)
