"""Imported tables (CSV, Parquet), read by DuckDB as rows of the capture, whatever their size.

The file becomes the table `capturados` of a DuckDB in memory, which spills to disk: every row with the columns of a
record, its time of capture, and the reason if it is not a valid record. Windows are written from there.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from brt_watch.archive.columns import match_columns
from brt_watch.archive.table_values import TEXT, Values
from brt_watch.archive.texts import first_line, in_utf8
from brt_watch.clock import UTC
from brt_watch.errors import ImportFailed
from brt_watch.feeds.record import MAX_CODE_LENGTH
from brt_watch.store.connection import statement
from brt_watch.store.duck import QUIET, quoted

CROWD = 1 / 20
"""The minimum share of an answer's timestamps in the 20 s before its capture: fewer come from clocks ahead."""

NEAR = timedelta(minutes=30)
"""Timestamps that differ more than this from their capture were written in another zone than assumed."""

MEMORY = "512MB"
"""Of the rows that are read, however many there are: the rest spills to disk. Twice as much is no faster."""

RIO_SECONDS = -3 * 3600
AT_A_TIME = 100_000

_ALL_DIGITS = "all digits: a spreadsheet rounded them; export the column as text"
_IN_SECONDS = "milliseconds since 1970; seconds? multiply them by 1000"

EXPECTED = {
    "codigo_missing": ("codigo", "a code of a vehicle"),
    "codigo_too_long": ("codigo", f"a code of at most {MAX_CODE_LENGTH} characters"),
    "position_missing": ("latitude, longitude", "degrees, such as -22.971 or -22,971"),
    "position_out_of_range": ("latitude, longitude", "degrees, within 90 and 180"),
    "codigo_rounded": ("codigo", _ALL_DIGITS),
    "datahora_rounded": ("dataHora", _ALL_DIGITS),
    "datahora_in_seconds": ("dataHora", _IN_SECONDS),
    "datahora_missing": ("dataHora", "milliseconds since 1970, or a time such as 2025-06-05 18:44:49"),
    "datahora_out_of_range": ("dataHora", "a moment from 1970 to 9999"),
    "captured_at_rounded": ("captured_at", _ALL_DIGITS),
    "captured_at_in_seconds": ("captured_at", _IN_SECONDS),
    "captured_at_missing": ("captured_at", "a time such as 2025-06-05 18:44:49, or milliseconds since 1970"),
    "wrong_length": ("", "a line with as many fields as the header"),
}
"""The expected value and the column for each reason of a rejection."""


@dataclass(frozen=True)
class Table:
    """A file that was read: the mapping of its columns, and its number of rows."""

    file: Path
    taken: dict[str, str]
    """The columns of the capture, each with its columns in the file."""
    kept: list[str]
    """Columns of the file that are kept in `extra`."""
    left_out: list[str]
    """Columns of the file that are stored nowhere."""
    rows: int
    is_estimated: bool
    """Whether the times of capture are estimated from the timestamps."""
    rejected: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    """A sentence for each reason: the first row that was rejected for it."""


def read_table(
    file: Path, database: duckdb.DuckDBPyConnection, asked: Mapping[str, str], utc: Iterable[str], work: Path
) -> Table:
    """Read a file into the tables `capturados` and `polls` of the database; raises ImportFailed.

    `asked` names the columns of the file for some columns of the capture. Times without a zone are those of Rio, except
    in the columns that `utc` names.
    """
    database.execute(f"set temp_directory = {quoted(work)}; set memory_limit = '{MEMORY}'; set threads = 2")
    database.execute(statement("tables/macros"))
    try:
        return _read(file, database, asked, set(utc), work)
    except (ValueError, OSError, duckdb.Error) as error:
        raise ImportFailed(file=file, reason=_one_line(error)) from error


def preview(database: duckdb.DuckDBPyConnection, rows: int = 3) -> list[dict[str, Any]]:
    """Return the first rows of a table as they would be stored."""
    found = database.execute(
        f"select * exclude (n, reason) replace (make_timestamp_ms(datahora) as datahora) "
        f"from capturados where reason is null order by n limit {rows}"
    )
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, map(_with_zone, row), strict=True)) for row in found.fetchall()]


def _with_zone(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _read(
    file: Path, database: duckdb.DuckDBPyConnection, asked: Mapping[str, str], utc: set[str], work: Path
) -> Table:
    is_csv = not file.name.endswith(".parquet")
    if is_csv:
        rows, header = _csv_rows(file, work)
        kinds = dict.fromkeys(header, TEXT)
    else:
        # Numbered by the file, its rows are read by several threads.
        rows = f"(select file_row_number + 1 as n_linha, * from read_parquet({quoted(file)}, file_row_number = true))"
        kinds = _parquet_kinds(file, database)
    taken, kept = match_columns(list(kinds), asked)
    zones = {target: 0 if utc & {target, *names} else RIO_SECONDS for target, names in taken.items()}
    values = Values(kinds, taken, kept, zones)
    has_captured_at = "captured_at" in taken
    database.execute(
        statement("tables/records").format(
            rows=rows,
            fields=values.fields,
            texts=values.texts,
            numbers=values.numbers,
            moments=values.moments,
            leftovers=values.leftovers,
            row=values.row,
            longest_code=MAX_CODE_LENGTH,
            needs_captured_at=str(has_captured_at).lower(),
        )
    )
    if is_csv:
        database.execute(statement("tables/wrong_lines"))
    if not has_captured_at:
        _split_into_answers(database, work)
        database.execute(statement("tables/answers").format(crowd=CROWD))
        database.execute(statement("tables/estimated_moments"))
    else:
        ((unknown,),) = database.execute("select count(*) from registros where captured_at is null").fetchall()
        rename = "alter table registros rename to capturados"
        database.execute(statement("tables/capture_moments") if unknown else rename)
        if (hours := _hours_apart(database)) is not None:
            name = "+".join(taken["captured_at"])
            late = "dataHora" if hours > 0 else "captured_at"
            raise ValueError(f"dataHora lies {hours:+.1f} hours from {name}; if {late} is UTC, add --utc {late}")
    database.execute(statement("tables/polls"))
    ((count,),) = database.execute("select count(*) from capturados").fetchall()
    rejected = dict(
        database.execute(
            "select reason, count(*) from capturados where reason is not null group by 1 order by 1"
        ).fetchall()
    )
    examples = _examples(file, database, taken, is_csv)
    if not count:
        raise ValueError("it has no row")
    if sum(rejected.values()) == count:
        raise ValueError(f"none of its {count} rows is usable: {'; '.join(examples)}")
    joined = {target: "+".join(names) for target, names in taken.items()}
    left_out = [name for name in kinds if name not in kept and not any(name in names for names in taken.values())]
    return Table(file, joined, list(kept), left_out, count, not has_captured_at, rejected, examples)


def _parquet_kinds(file: Path, database: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        described = database.execute(f"describe select * from read_parquet({quoted(file)})").fetchall()
    except duckdb.Error as error:
        raise ValueError("it is no Parquet file, or damaged") from error
    return {name: kind for name, kind, *_ in described}


def _csv_rows(file: Path, work: Path) -> tuple[str, list[str]]:
    """Return the rows of a CSV and its header; lines of another length go to the table `reject_errors`."""
    readable = in_utf8(file, work)
    line = first_line(readable)
    delimiter = max(",;\t|", key=line.count)
    # DuckDB would give names of its own to columns of the same name.
    header = next(csv.reader([line], delimiter=delimiter), [])
    if len({name.lower() for name in header}) != len(header):
        raise ValueError(f"line 1: two columns have the same name: {line.strip()[:200]}")
    columns = dict.fromkeys((name or f"column{place}" for place, name in enumerate(header)), "VARCHAR")
    rows = (
        f"(select row_number() over () as n_linha, * from read_csv({quoted(readable)}, columns = {columns}, "
        f"header = true, auto_detect = false, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', "
        "store_rejects = true, rejects_limit = 0, null_padding = false))"
    )
    return rows, list(columns)


def _split_into_answers(database: duckdb.DuckDBPyConnection, work: Path) -> None:
    """Write where each answer begins into the table `limites`: no vehicle is in an answer twice."""
    seen: set[str] = set()
    starts = work / "starts.csv"
    reading = database.cursor()
    reading.execute(QUIET)
    codes = reading.execute("select n, codigo from registros order by n")
    with starts.open("w") as file:
        file.write("0\n")
        while some := codes.fetchmany(AT_A_TIME):
            for n, code in some:
                if code in seen:
                    file.write(f"{n}\n")
                    seen.clear()
                if code:
                    seen.add(code)
    database.execute(
        f"create table limites as select * from read_csv({quoted(starts)}, columns = {{'inicio': 'DOUBLE'}}, "
        "header = false, auto_detect = false)"
    )


def _hours_apart(database: duckdb.DuckDBPyConnection) -> float | None:
    """Return the overall offset of the timestamps from the times of capture; None when it is small."""
    ((apart,),) = database.execute(
        # The exact quantile holds all rows in memory.
        "select approx_quantile(datahora / 1000.0 - epoch(captured_at), 0.9) from capturados where reason is null"
    ).fetchall()
    return apart / 3600 if apart is not None and abs(apart) > NEAR.total_seconds() else None


def _examples(file: Path, database: duckdb.DuckDBPyConnection, taken: dict[str, list[str]], is_csv: bool) -> list[str]:
    examples = []
    for reason, n, record, before in database.execute(statement("tables/examples")).fetchall():
        targets, expected = EXPECTED[reason]
        names = [name for target in targets.split(", ") for name in taken.get(target, ())]
        values = json.loads(record)
        value = ", ".join(repr(values.get(name)) for name in names) if isinstance(values, dict) else repr(values)
        # Line 1 is the header. A line of another length follows row n.
        line = int(n) + 1 + before + (n != int(n))
        where = f"line {line}" if is_csv else f"row {int(n)}"
        column = f"column {'+'.join(names)}" if names else "the whole line"
        examples.append(f"{file.name}, {where}, {column}: {value} ({reason}; expected {expected})")
    return examples


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
