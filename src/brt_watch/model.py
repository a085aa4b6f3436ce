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
    """The outcome of a tick."""

    OK = "ok"
    LATE = "late"
    """A good answer, requested well after the tick (at start, or on a busy machine)."""
    FAILED = "failed"
    MISSED = "missed"
    """Never requested: nothing was running."""
    RECOVERED = "recovered"
    """A past minute, requested later from a service that keeps it; not a poll of the capture."""

    @property
    def is_good(self) -> bool:
        """Whether the poll got a good answer."""
        return self in (Status.OK, Status.LATE)


class Kind(str, Enum):
    """The kind of a column's values. Each engine (CSV, Postgres, Arrow) has its own type for it."""

    TEXT = "text"
    NUMBER = "number"
    """A double."""
    SMALL = "small"
    """A whole number within ±32767."""
    HEADING = "heading"
    """A whole number of degrees; as captured, a blank stands for 0 (north)."""
    STAMP = "stamp"
    """A timestamp; as captured, milliseconds since 1970 (UTC)."""
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column of a record. Its declaration in the record class is the only one; files and tables follow from it."""

    kind: Kind
    meaning: str
    table_name: str = ""
    """Its name in tables; empty until the declaration is read: then the name, in snake case."""
    name: str = ""
    """Its name in the feed and the CSV: that of the record class's field."""
    required: bool = False
    """Whether every record has it."""


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
    """A record that broke a rule: its position in the response, the rule, and its JSON as received."""

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
    """Other content of the answer, counted by kind."""
    made_at_ms: int | None = None
    """When the answer says that it was made, in milliseconds since 1970 (UTC); None if it does not say."""


@dataclass(frozen=True)
class Poll:
    """The poll of a tick: one row of the ledger. Times are timezone-aware, UTC."""

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
    """The alerts that the contract watch raised and closed at this poll, as a JSON list; None without any."""


def signal_ages(records: Sequence[Record], captured_at: datetime) -> tuple[datetime | None, float | None]:
    """Return the moment of the newest signal and the median age in seconds; None without a record."""
    stamps_ms = [record.stamp_ms for record in records]
    if not stamps_ms:
        return None, None
    newest = datetime.fromtimestamp(max(stamps_ms) / 1000, timezone.utc)
    return newest, round(captured_at.timestamp() - statistics.median(stamps_ms) / 1000, 1)


@dataclass(frozen=True)
class Agency:
    """Who runs the buses, as GTFS names it."""

    agency_id: str
    name: str
    url: str
    language: str
