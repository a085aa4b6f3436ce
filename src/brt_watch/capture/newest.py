"""The newest positions of a feed, read from its open windows: no database is needed for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from brt_watch import disk
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LedgerLine
from brt_watch.capture.poll import NO_VEHICLES
from brt_watch.capture.window import CSV, read_growing_ledger

PARTIAL_ANSWERS = timedelta(minutes=10)
"""Where an answer has only the signals of its span, those of this time are taken."""

WINDOWS = 3
"""Windows that are looked into: an unchanged answer (HTTP 304) has no records of its own."""


def newest_records(files: CaptureFiles) -> list[dict[str, str]]:
    """Return the newest record of each vehicle by column, as in the CSV: of the last answer that lists its vehicles.

    Of a feed whose answers are partial, of the last minutes.
    """
    newest: dict[str, dict[str, str]] = {}
    first = None
    for line, records in _answers(files):
        first = first or line.poll.tick
        for record in records:
            known = newest.get(record["codigo"])
            if known is None or int(known["dataHora"]) < int(record["dataHora"]):
                newest[record["codigo"]] = record
        if files.feed.parameters is None or first - line.poll.tick >= PARTIAL_ANSWERS:
            break
    return list(newest.values())


def _answers(files: CaptureFiles) -> Iterator[tuple[LedgerLine, list[dict[str, str]]]]:
    """Yield the answers with records, newest first, down to one that says that there are no vehicles."""
    for _, folder in zip(range(WINDOWS), files.newest_first(), strict=False):
        ledger = read_growing_ledger(folder, damaged_ok=True)
        for number in range(len(ledger) - 1, -1, -1):
            if ledger[number].poll.reason == NO_VEHICLES:
                return
            if ledger[number].poll.records:
                part = _part(folder / CSV, ledger[number - 1].csv_bytes if number else 0, ledger[number].csv_bytes)
                yield ledger[number], list(csv.DictReader(io.StringIO(part.decode(), newline="")))


def _part(path: Path, begin: int, end: int) -> bytes:
    """Return the header and the lines of some bytes of a CSV, which may be packed; nothing if it is gone."""
    try:
        with path.open("rb") as file:
            header = file.readline()
            file.seek(max(begin, len(header)))
            return header + file.read(max(0, end - file.tell()))
    except FileNotFoundError:
        data = disk.read(path)
        header = data[: data.find(b"\n") + 1]
        return header + data[max(begin, len(header)) : end]
