"""The nouns of the capture: poll, column, reject. No input or output here."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, get_args, get_type_hints


class Status(str, Enum):
    """What became of a tick."""

    OK = "ok"
    LATE = "late"
    """A good answer, asked for well after the tick (at start, or on a busy machine)."""
    FAILED = "failed"
    MISSED = "missed"
    """Never asked: nothing was running."""
    RECOVERED = "recovered"
    """A minute of the past, asked for later from a service that keeps it; no poll of the capture."""

    @property
    def is_good(self) -> bool:
        """Whether records came of it."""
        return self in (Status.OK, Status.LATE)


class Kind(str, Enum):
    """What a column holds. Each engine (CSV, Postgres, Arrow) has its own type for it."""

    TEXT = "text"
    NUMBER = "number"
    """A double."""
    SMALL = "small"
    """A whole number within ±32767."""
    HEADING = "heading"
    """A whole number of degrees; as captured, a blank stands for 0 (north)."""
    STAMP = "stamp"
    """A moment; as captured, milliseconds since 1970 (UTC)."""
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column of a record. Its declaration in the record class is the only one; files and tables follow from it."""

    kind: Kind
    meaning: str
    table_name: str = ""
    """Its name in tables; empty until the declaration is read: then the name, in snake case."""
    name: str = ""
    """Its name in the feed and the CSV: that of the field of the record class."""
    required: bool = False
    """Whether no record lacks it."""


@lru_cache
def columns_of(record: type) -> tuple[Column, ...]:
    """Return the columns that a record class declares: fields annotated `Annotated[type, Column(...)]`, in order."""
    columns = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        kind, column = get_args(hint)
        table_name = column.table_name or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        columns.append(replace(column, name=name, table_name=table_name, required=type(None) not in get_args(kind)))
    return tuple(columns)


class Reject(NamedTuple):
    """A record that broke a rule: where it stood in the response, which rule, and its JSON as it came."""

    position: int
    reason: str
    record: str


class Record(Protocol):
    """A vehicle in a response of any feed: a named tuple, its fields the columns that the feed declares."""

    @property
    def vehicle(self) -> str:
        """The vehicle's identifier: with the stamp, the key of the signal."""

    @property
    def stamp_ms(self) -> int:
        """When the vehicle sent the signal, in milliseconds since 1970 (UTC)."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the values of the columns."""


@dataclass(frozen=True)
class Parsed:
    """A good response: every entry of its list is either a record or a reject.

    `fields` are the names of the entries' fields, each with the kinds of its values (number, text, boolean, list,
    object), null apart, as far as more than a few entries have them.
    """

    records: Sequence[Record]
    rejects: list[Reject]
    fields: dict[str, list[str]] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    """What the answer holds beside vehicles, counted by kind."""


@dataclass(frozen=True)
class Poll:
    """What happened at a tick: one row of the ledger. Moments are UTC, with zone."""

    tick: datetime
    status: Status
    reason: str = ""
    detail: str = ""
    requested_at: datetime | None = None
    captured_at: datetime | None = None
    http_status: int | None = None
    body_bytes: int | None = None
    body_sha256: str = ""
    raw: str = ""
    records: int = 0
    rejects: int = 0
    newest_signal_at: datetime | None = None
    median_age_seconds: float | None = None
    alerts: str | None = None
    """What the contract watch raised and closed at this poll, as a JSON list; None when nothing."""


def signal_ages(records: Sequence[Record], captured_at: datetime) -> tuple[datetime | None, float | None]:
    """Return the moment of the newest signal and the median age in seconds; None without a record."""
    stamps_ms = [record.stamp_ms for record in records]
    if not stamps_ms:
        return None, None
    newest = datetime.fromtimestamp(max(stamps_ms) / 1000, timezone.utc)
    return newest, round(captured_at.timestamp() - statistics.median(stamps_ms) / 1000, 1)
