"""CSV rows whose errors name file, line and column."""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from brt_watch.errors import NetworkError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """One row of a file, by column."""

    file: str
    line: int
    values: dict[str, str]

    def fail(self, column: str, problem: str) -> NoReturn:
        """Raise NetworkError for a column of this line."""
        raise NetworkError(where=f"{self.file}, line {self.line}, column {column}", problem=problem)

    def optional(self, column: str) -> str:
        """Return a text, empty when the cell is empty or the column is missing."""
        return self.values.get(column, "")

    def text(self, column: str) -> str:
        """Return a text that is not empty."""
        return self.optional(column) or self.fail(column, "it is empty")

    def number(self, column: str, low: float = 0, high: float = math.inf) -> float:
        """Return a finite number between two bounds."""
        return self._read(column, float, lambda value: math.isfinite(value) and low <= value <= high, "a number")

    def integer(self, column: str, low: int = 0) -> int:
        """Return a whole number of at least `low`."""
        return self._read(column, int, lambda value: value >= low, "a whole number")

    def time(self, column: str) -> int:
        """Return the seconds of the service day of HH:MM or HH:MM:SS; hours continue past 24 after midnight."""
        return self._read(column, seconds_of, lambda value: value >= 0, "a time HH:MM")

    def date(self, column: str) -> datetime.date:
        """Return a day written YYYY-MM-DD."""
        return self._read(column, datetime.date.fromisoformat, lambda _: True, "a date YYYY-MM-DD")

    def position(self, latitude: str, longitude: str) -> tuple[float, float]:
        """Return latitude and longitude, in degrees."""
        return self.number(latitude, -90, 90), self.number(longitude, -180, 180)

    def one_of(self, column: str, *allowed: str) -> str:
        """Return one of the allowed texts."""
        text = self.text(column)
        return text if text in allowed else self.fail(column, f"{text!r} is not one of {', '.join(allowed)}")

    def _read(self, column: str, read: Callable[[str], Value], good: Callable[[Value], bool], what: str) -> Value:
        text = self.text(column)
        try:
            value = read(text)
        except (ValueError, OverflowError):
            self.fail(column, f"{text!r} is not {what}")
        return value if good(value) else self.fail(column, f"{text!r} is not {what} that can be here")


def read_rows(file: str, lines: Iterable[str], *columns: str) -> Iterator[Row]:
    """Yield the rows of a CSV with a header; raises NetworkError for a missing column or a broken row."""
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        for column in columns:
            if column not in header:
                raise NetworkError(where=f"{file}, line 1, column {column}", problem="the column is not there")
        for cells in reader:
            if len(cells) > len(header) or 0 < len(cells) < len(header):
                raise NetworkError(
                    where=f"{file}, line {reader.line_num}", problem=f"{len(cells)} fields instead of {len(header)}"
                )
            if cells:
                yield Row(file, reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise NetworkError(where=f"{file}, line {reader.line_num}", problem=str(error)) from None
    except UnicodeDecodeError:
        raise NetworkError(where=f"{file}, line {reader.line_num + 1}", problem="it is not UTF-8") from None


def seconds_of(time: str) -> int:
    """Return the seconds of HH:MM or HH:MM:SS; raises ValueError."""
    hours, minutes, seconds = (int(part) for part in f"{time.strip()}:00".split(":")[:3])
    if hours < 0 or not (0 <= minutes < 60 and 0 <= seconds < 60):
        raise ValueError(time)
    return hours * 3600 + minutes * 60 + seconds
