"""The records of a window as rows of `brt_raw`: the first sight of each signal that the table does not have yet.

The lines of `brt.csv` become rows nearly as they are, and are taken apart only as far as that needs: to read and write
all of their fields here would take longer than everything that Postgres does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from brt_watch.capture.ledger import csv_lines, quoted
from brt_watch.clock import UTC, write_moment
from brt_watch.model import Poll

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELD = rb'("(?:[^"]|"")*"|[^,"]*)'
_RECORD = re.compile(rb",".join([_FIELD] * 7) + rb",(.*)", re.DOTALL)
_AFTER_HEADING = re.compile(rb'-?\d*,-?\d*,-?\d*,("\{.*)?\r\n', re.DOTALL)


def records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a CSV, those of one record as one: a text in quotes may hold the end of a line."""
    rest = iter(lines)
    for line in rest:
        while line.count(b'"') % 2:
            line += next(rest, b'"')
        yield line


def key(datahora: datetime, codigo: str) -> bytes:
    """Return the key of a signal: its moment, and its vehicle as the CSV writes it."""
    return moment(datahora) + quoted(codigo).encode()


def moment(at: datetime) -> bytes:
    """Write a moment as it is in keys and rows: all of one length, so that they compare as their bytes do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").encode()


class _Moments(dict[bytes, bytes]):
    """The moments of stamps (epoch milliseconds): thousands of signals are sent in hundreds of seconds."""

    def __missing__(self, stamp: bytes) -> bytes:
        written = self[stamp] = moment(_EPOCH + timedelta(milliseconds=int(stamp)))
        return written


class _Endings(dict[bytes, bool]):
    """Whether a record that ends like this, after a blank, has that blank for its heading; few endings differ."""

    def __missing__(self, ending: bytes) -> bool:
        found = self[ending] = _AFTER_HEADING.fullmatch(ending) is not None
        return found


class Sights:
    """What some polls saw. `known` are the signals that the table has from `since` to `until`, the time of the polls.

    What was sent at other times is set apart, until the table was asked for that too.
    """

    def __init__(self, polls: list[Poll], constants: dict[str, Any]) -> None:
        captured = {write_moment(poll.captured_at).encode(): poll for poll in polls if poll.captured_at}
        moments = [moment(poll.captured_at) for poll in polls if poll.captured_at]
        self.since, self.until = min(moments), max(moments)
        self.known: set[bytes] = set()
        self._beginnings = {
            at: csv_lines([[write_moment(poll.tick), *constants.values(), at.decode()]])[:-2]
            for at, poll in captured.items()
        }
        self._ticks = {at: poll.tick for at, poll in captured.items()}
        self._moments, self._endings = _Moments(), _Endings()
        self._first: dict[bytes, bytes] = {}
        self._apart: dict[bytes, tuple[bytes, bytes]] = {}
        self._signals = dict.fromkeys(captured, 0)
        self.doubtful: list[bytes] = []
        """Records that may say something else than the table of the same signal."""

    @property
    def signals(self) -> dict[datetime, int]:
        """How many signals were new, by the tick that saw them first."""
        return {self._ticks[at]: count for at, count in self._signals.items()}

    def new(self, records: Iterable[bytes]) -> bytes:
        """Return the rows of new signals in these records."""
        first, known, since, until = self._first, self.known, self.since, self.until
        moments, endings, beginnings, signals = self._moments, self._endings, self._beginnings, self._signals
        rows = []
        for record in records:
            captured_at, codigo, placa, linha, latitude, longitude, stamp, rest = record.split(b",", 7)
            # Only these three can be in quotes, and hardly ever with a comma in it.
            if b'"' in codigo or (b'"' in placa and placa != b'""') or (b'"' in linha and linha != b'""'):
                _, codigo, placa, linha, latitude, longitude, stamp, rest = _taken_apart(record)
            datahora = moments[stamp]
            signal = datahora + codigo
            seen = first.setdefault(signal, record)
            if seen is not record:
                if seen[len(captured_at) :] != record[len(captured_at) :]:
                    self.doubtful.append(record)
                continue
            before, blank, ending = rest.rpartition(b'," ",')
            if blank and endings[ending]:
                rest = before + b",0," + ending
            row = b",".join((beginnings[captured_at], codigo, placa, linha, latitude, longitude, datahora, rest))
            if not since <= datahora <= until:
                self._apart[signal] = captured_at, row
            elif signal in known:
                self.doubtful.append(record)
            else:
                signals[captured_at] += 1
                rows.append(row)
        return b"".join(rows)

    def moments_apart(self) -> list[str]:
        """Return the moments for which the table must be asked."""
        return list({signal[: len(self.since)].decode() for signal in self._apart})

    def new_apart(self, known: set[bytes]) -> bytes:
        """Return the rows of new signals among those set apart; `known` are those that the table has."""
        rows = []
        for signal, (captured_at, row) in self._apart.items():
            if signal in known:
                self.doubtful.append(self._first[signal])
            else:
                self._signals[captured_at] += 1
                rows.append(row)
        return b"".join(rows)


def _taken_apart(record: bytes) -> tuple[bytes, ...]:
    """Return the first seven fields of a record as they are, and the rest."""
    fields = _RECORD.fullmatch(record)
    if not fields:
        raise ValueError(record)
    return fields.groups()
