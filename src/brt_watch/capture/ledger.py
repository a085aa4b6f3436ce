"""The lines of the capture files: write records, rejects and polls as CSV, and read them again.

RFC 4180 with one addition, which Postgres reads and the csv module cannot write before Python 3.12: null is an empty
field, the empty text is "".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from brt_watch.clock import parse_moment, write_moment
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Parsed, Poll, Reject, Status

CSV_FIELDS = ("captured_at", *(column.name for column in COLUMNS))
REJECT_FIELDS = ("tick", *Reject._fields)


@dataclass(frozen=True)
class LedgerLine:
    """A poll, and the lengths (bytes) of the other files up to and including it."""

    poll: Poll
    csv_bytes: int
    rejects_bytes: int


LEDGER_FIELDS = (*(field.name for field in fields(Poll)), "csv_bytes", "rejects_bytes")


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Write rows as lines of CSV."""
    return "".join(",".join(map(_field, row)) + "\r\n" for row in rows).encode()


def _field(value: Any) -> str:
    if type(value) is str:
        return _quoted_name(value) if len(value) <= 100 else quoted(value)
    return "" if value is None else str(value)


def quoted(text: str) -> str:
    """Write a text as a field, quoted where CSV requires it."""
    if text and not _SPECIAL.search(text) and text.strip() == text:
        return text
    return '"' + text.replace('"', '""') + '"'


# Cached, because names of lines, paths and vehicles repeat in every poll.
_quoted_name = lru_cache(maxsize=10_000)(quoted)

_SPECIAL = re.compile('[",\r\n]')


def lines_of(poll: Poll, parsed: Parsed | None) -> tuple[Poll, bytes, bytes]:
    """Return the poll with its counts, and the lines of its records and rejects."""
    parsed = parsed or Parsed([], [])
    moment, tick = write_moment(poll.captured_at) if poll.captured_at else None, write_moment(poll.tick)
    records = csv_lines((moment, *record) for record in parsed.records)
    rejects = csv_lines((tick, *reject) for reject in parsed.rejects)
    return replace(poll, records=len(parsed.records), rejects=len(parsed.rejects)), records, rejects


_MOMENTS = ("tick", "requested_at", "captured_at", "newest_signal_at")
_INTEGERS = ("http_status", "body_bytes", "records", "rejects")


def ledger_row(line: LedgerLine) -> list[Any]:
    """Return the values of a line of the ledger."""
    row = {**line.poll.__dict__, "csv_bytes": line.csv_bytes, "rejects_bytes": line.rejects_bytes}
    row["status"] = line.poll.status.value
    # A ledger line must be a single line of the file, whatever an error message contains.
    row["detail"] = " ".join(line.poll.detail.replace("\0", " ").split())[:500]
    for name in _MOMENTS:
        row[name] = write_moment(row[name]) if row[name] else None
    return [row[name] for name in LEDGER_FIELDS]


def _ledger_line(row: dict[str, str]) -> LedgerLine:
    values: dict[str, Any] = dict(row)
    csv_bytes, rejects_bytes = int(values.pop("csv_bytes")), int(values.pop("rejects_bytes"))
    values["status"] = Status(row["status"])
    for name in _MOMENTS:
        values[name] = parse_moment(row[name]) if row[name] else None
    for name in _INTEGERS:
        values[name] = int(row[name]) if row[name] else None
    values["alerts"] = row["alerts"] or None
    age = row["median_age_seconds"]
    values["median_age_seconds"] = float(age) if age else None
    return LedgerLine(Poll(**values), csv_bytes, rejects_bytes)


def read_lines(data: bytes) -> Iterator[LedgerLine]:
    """Yield the complete lines of a ledger; raises ValueError when it is not as written."""
    rows = csv.DictReader(io.StringIO(data[: data.rfind(b"\n") + 1].decode(), newline=""))
    try:
        if rows.fieldnames and tuple(rows.fieldnames) != LEDGER_FIELDS:
            raise ValueError(f"the columns are {', '.join(rows.fieldnames)}"[:200])
        yield from map(_ledger_line, rows)
    except (TypeError, csv.Error) as error:
        raise ValueError(f"line {rows.line_num}: {error}") from error
