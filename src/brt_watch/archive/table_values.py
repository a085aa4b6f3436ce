"""The SQL that reads the values of an imported table as texts, numbers and moments.

What a Parquet file holds as numbers and times is taken as it is: the way by text takes several times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Kind
from brt_watch.store.duck import quoted

TEXT = "VARCHAR"
INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}

VALUES = [column for column in COLUMNS if column.kind is not Kind.JSON]
NUMBERS = [column for column in VALUES if column.kind in (Kind.SMALL, Kind.HEADING, Kind.NUMBER)]


class Moment(NamedTuple):
    """The SQL of a moment (UTC), and whether a spreadsheet has rounded it, and whether it is in seconds."""

    value: str
    rounded: str = "false"
    in_seconds: str = "false"


@dataclass(frozen=True)
class Values:
    """The columns of a file with their types, and those of them that hold each column of the capture."""

    kinds: Mapping[str, str]
    taken: Mapping[str, Sequence[str]]
    kept: Mapping[str, str]
    """Columns of the file that are kept in `extra`, with their names there."""
    zones: Mapping[str, int]
    """Seconds east of Greenwich of the times without a zone, for each column of the capture."""

    @property
    def fields(self) -> str:
        """The columns of the file under names that no column of the capture has."""
        return ", ".join(f"{_name(name)} as {self._field(name)}" for name in self.kinds)

    @property
    def texts(self) -> str:
        """The columns of the capture as texts, null if empty."""
        return ", ".join(f"{self._text(column.name)} as {column.table_name}" for column in VALUES)

    @property
    def numbers(self) -> str:
        """Those that are numbers, as such."""
        return ", ".join(f"{self._number(column.name)} as {column.table_name}_lida" for column in NUMBERS)

    @property
    def moments(self) -> str:
        """When each record was sent and captured."""
        named = {"enviado": self._moment("dataHora"), "capturado": self._moment("captured_at")}
        return ", ".join(
            f"{moment.value} as {name}, {moment.rounded} as {name}_arredondado, "
            f"{moment.in_seconds} as {name}_em_segundos"
            for name, moment in named.items()
        )

    @property
    def row(self) -> str:
        """The row of the file as texts."""
        return "{" + ", ".join(f"{quoted(name)}: {self._written(name)}" for name in self.kinds) + "}"

    @property
    def leftovers(self) -> str:
        """The JSON for `extra`: other columns, and values that do not fit their column; null if there are none."""
        pairs = {new: _or_null(self._written(name)) for name, new in self.kept.items()}
        for column in NUMBERS:
            if column.name in self.taken and not column.required:
                text, number = self._text(column.name), f"{column.table_name}_lida"
                fits = f"abs({number}) < 1e15"
                if column.kind is not Kind.NUMBER:
                    fits = f"abs({number}) <= 32767 and {number} % 1 = 0"
                fits += f" or {text} = ' '" if column.kind is Kind.HEADING else ""
                # pandas writes missing values as NaN.
                pairs[column.name] = f"if(coalesce({fits} or lower({text}) = 'nan', false), null, {text})"
        if not pairs:
            return "cast(null as varchar)"
        some = " or ".join(f"{value} is not null" for value in pairs.values())
        entries = ", ".join(f"{{'k': {quoted(name)}, 'v': {value}}}" for name, value in pairs.items())
        entries = f"list_filter([{entries}], lambda each: each.v is not null)"
        # Most rows of most tables have none, and a list takes long.
        return f"if({some}, cast(to_json(map_from_entries({entries})) as varchar), null)"

    def _field(self, name: str) -> str:
        return f"campo{list(self.kinds).index(name)}"

    def _milliseconds(self, name: str) -> str | None:
        """Return the milliseconds since 1970 (UTC) in a column, None if it holds texts."""
        kind, field = self.kinds[name], self._field(name)
        targets = [target for target, names in self.taken.items() if name in names]
        if kind.startswith("TIMESTAMP") and targets:
            # A time with a zone needs no further one; a time without is local.
            local = 0 if "TIME ZONE" in kind else self.zones[targets[0]]
            return f"(epoch_ms({field}) - {local * 1000})"
        return field if kind in INTEGERS else None

    def _written(self, name: str) -> str:
        """Return the text of a column: times that are taken are milliseconds."""
        kind, field = self.kinds[name], self._field(name)
        return field if kind == TEXT else f"cast({self._milliseconds(name) or field} as varchar)"

    def _text(self, target: str) -> str:
        names = self.taken.get(target)
        if not names:
            return "cast(null as varchar)"
        if len(names) == 1:
            return _or_null(self._written(names[0]))
        return f"concat_ws(' ', {', '.join(map(self._written, names))})"

    def _number(self, target: str) -> str:
        names = self.taken.get(target, ())
        if len(names) == 1:
            kind, field = self.kinds[names[0]], self._field(names[0])
            if kind == "DOUBLE":
                return f"if(isfinite({field}), {field}, null)"
            if kind in INTEGERS:
                return f"cast({field} as double)"
        return f"numero({self._text(target)})"

    def _moment(self, target: str) -> Moment:
        names = self.taken.get(target)
        if not names:
            return Moment("cast(null as timestamp)")
        if len(names) == 1 and (stamp := self._milliseconds(names[0])):
            value = f"make_timestamp_ms(if({stamp} between 0 and 1000000000000000, {stamp}, null))"
            return Moment(value, in_seconds=f"coalesce({stamp} between 100000000 and 9999999999, false)")
        text = self._text(target)
        return Moment(f"momento({text}, {self.zones[target]})", f"arredondado({text})", f"em_segundos({text})")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _or_null(text: str) -> str:
    return f"nullif({text}, '')"
