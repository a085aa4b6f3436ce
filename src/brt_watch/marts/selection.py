"""A selection of rows of a mart, as one statement for both engines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from brt_watch.clock import RIO
from brt_watch.marts.tables import Mart
from brt_watch.store.connection import statement

SERVICE_DAY_BEGINS = timedelta(hours=3)
"""Service days begin at 03:00 in Rio."""

LONGEST_TRIP = timedelta(hours=24)
"""A row may belong to a service day that began this long before its moment."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Selection:
    """Rows of a mart: of service days, or of a period; filtered by values, which are never part of the statement."""

    mart: Mart
    first_day: date
    last_day: date
    begin: datetime | None = None
    end: datetime | None = None
    filters: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    @classmethod
    def of_day(cls, mart: Mart, day: date, filters: dict[str, str] | None = None) -> Selection:
        """Select the rows of a service day."""
        return cls(mart, day, day, filters=filters or {})

    @classmethod
    def of_period(cls, mart: Mart, begin: datetime, end: datetime, filters: dict[str, str] | None = None) -> Selection:
        """Select the rows whose moment lies in a period; of hours and days, those that begin in it."""
        if not mart.moment and not mart.is_of_hours:
            day = timedelta(days=1)
            first = service_day(begin + day - timedelta(microseconds=1))
            return cls(mart, first, service_day(end - timedelta(microseconds=1)), begin, end, filters or {})
        first, last = service_day(begin - LONGEST_TRIP), service_day(end)
        return cls(mart, first, last, begin, end, filters or {})

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the values of a row."""
        return [column.name for column in self.mart.columns]

    def for_postgres(self) -> tuple[str, dict[str, object]]:
        """Return the statement and its values, with psycopg's placeholders."""
        values: dict[str, object] = {"primeiro_dia": self.first_day, "ultimo_dia": self.last_day}
        conditions = [self.mart.filters[name] for name in self.filters]
        if self.begin and self.end:
            if self.mart.moment:
                conditions += [f"{self.mart.moment} >= %(de)s", f"{self.mart.moment} < %(ate)s"]
                values |= {"de": self.begin, "ate": self.end}
            elif self.mart.is_of_hours:
                hour = "(dia_operacao - %(primeiro_dia)s) * 24 + hora_operacao"
                conditions += [f"{hour} >= %(da_hora)s", f"{hour} < %(ate_a_hora)s"]
                values |= {"da_hora": self._hour_from(self.begin), "ate_a_hora": self._hour_from(self.end)}
        query = statement("mart").format(
            columns=", ".join(column.source for column in self.mart.columns),
            model=self.mart.model,
            conditions="".join(f"\n    and {each}" for each in conditions),
            order=", ".join(self.mart.order),
            limit="" if self.limit is None else f"limit {self.limit:d}",
        )
        return query, values | self.filters

    def _hour_from(self, moment: datetime) -> int:
        """Return the first hour that begins at the moment or later, counted from the first day; days have 3 to 26."""
        local = moment.astimezone(RIO)
        rounded = local.replace(minute=0, second=0, microsecond=0)
        rounded += _HOUR if rounded < local else timedelta()
        days = (service_day(rounded) - self.first_day).days
        return 24 * days + (rounded - SERVICE_DAY_BEGINS).hour + 3


class Query(Protocol):
    """What is read from the models: a Selection, or the like."""

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the values of a row."""

    def for_postgres(self) -> tuple[str, dict[str, object]]:
        """Return the statement and its values, with psycopg's placeholders."""


def for_duckdb(query: Query) -> tuple[str, dict[str, object]]:
    """Return the statement and its values, with DuckDB's placeholders."""
    text, values = query.for_postgres()
    return re.sub(r"%\((\w+)\)s", r"$\1", text), values


def service_day(moment: datetime) -> date:
    """Return the service day of a given time."""
    return (moment.astimezone(RIO) - SERVICE_DAY_BEGINS).date()
