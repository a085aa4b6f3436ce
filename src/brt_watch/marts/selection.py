"""A selection of rows of a mart, as one statement for both engines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from brt_watch.clock import UTC, begin_of_day, service_day
from brt_watch.marts.tables import Mart
from brt_watch.store.connection import statement

LONGEST_TRIP = timedelta(hours=24)
"""A row may belong to a service day that began this long before its moment."""

_HOUR = timedelta(hours=1)

_HOURS_OF_A_DAY = 30
"""More than any service day has: it orders hours of several days, of which one may have 25."""


@dataclass(frozen=True)
class Selection:
    """Rows of a mart: of service days, or of a period; filtered by values, which are never part of the statement."""

    mart: Mart
    first_day: date
    last_day: date
    begin: datetime | None = None
    end: datetime | None = None
    zone: tzinfo = UTC
    """The zone of the city's clocks, for rows of hours and days."""
    filters: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    @classmethod
    def of_day(cls, mart: Mart, day: date, filters: dict[str, str] | None = None) -> Selection:
        """Select the rows of a service day."""
        return cls(mart, day, day, filters=filters or {})

    @classmethod
    def of_period(
        cls, mart: Mart, begin: datetime, end: datetime, zone: tzinfo, filters: dict[str, str] | None = None
    ) -> Selection:
        """Select the rows whose moment lies in a period; of hours and days, those that begin in it."""
        if not mart.moment and not mart.is_of_hours:
            first = service_day(begin, zone)
            first += timedelta(days=begin > begin_of_day(first, zone))
            last = service_day(end - timedelta(microseconds=1), zone)
            return cls(mart, first, last, begin, end, zone, filters or {})
        first, last = service_day(begin - LONGEST_TRIP, zone), service_day(end, zone)
        return cls(mart, first, last, begin, end, zone, filters or {})

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
                hour = f"(dia_operacao - %(primeiro_dia)s) * {_HOURS_OF_A_DAY} + hora_operacao"
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
        """Return the first hour that begins at the moment or later; an hour of operation is counted from the day's."""
        day = service_day(moment, self.zone)
        hours = -((begin_of_day(day, self.zone) - moment) // _HOUR)
        return _HOURS_OF_A_DAY * (day - self.first_day).days + 3 + hours


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
