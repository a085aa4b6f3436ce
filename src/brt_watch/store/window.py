"""The records of a closed window in DuckDB: its records, its polls, and the first record of each signal.

DuckDB reads the CSV, packed or not, finds repeats and writes rows, so Python splits no line of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from brt_watch import disk
from brt_watch.capture.ledger import CSV_FIELDS, LEDGER_FIELDS, csv_lines
from brt_watch.capture.window import CSV, POLLS
from brt_watch.errors import DamagedWindow
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Column, Kind
from brt_watch.store.connection import statement
from brt_watch.store.duck import open_duckdb, quoted

CSV_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.NUMBER: "DOUBLE",
    Kind.SMALL: "SMALLINT",
    Kind.HEADING: "VARCHAR",
    Kind.STAMP: "BIGINT",
    Kind.JSON: "VARCHAR",
}
"""DuckDB's types of the columns of `brt.csv`."""

LONGEST_LINE = 40 * 1024 * 1024
"""Bytes. A record can be as long as the longest answer that the settings allow by default, and its quotes double."""

MEMORY = "512MB"
"""Enough for a window of a few hours; a longer one spills to disk."""


Reading = Future[duckdb.DuckDBPyConnection]
"""DuckDB with the tables of a window, once they are read."""


@contextmanager
def reading_window(folder: Path, work: Path, reading: Reading | None = None) -> Iterator[Reading]:
    """Read a window in the background; its `result()` waits, and raises DamagedWindow.

    The tables are `registros`, `polls` and `primeiros`. Data that does not fit into memory spills to the folder `work`.
    Times are UTC, without a zone. A window that is being read already is used as it is, and stays open.
    """
    if reading:
        yield reading
        return
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(_read, folder, work)
        try:
            yield reading
        finally:
            if not reading.exception():
                reading.result().close()


@contextmanager
def open_window(folder: Path, work: Path, reading: Reading | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with the tables of a window, as `reading_window`; raises DamagedWindow."""
    with reading_window(folder, work, reading) as window:
        yield window.result()


def stored_value(column: Column) -> str:
    """Return the SQL expression that converts a column's value in the CSV to the stored value."""
    name = f'"{column.name}"'
    if column.kind is Kind.TEXT and not column.required:
        return f"nullif({name}, '')"
    if column.kind is Kind.STAMP:
        return f"make_timestamp_ms({name})"
    if column.kind is Kind.HEADING:
        return f"cast(if({name} = ' ', '0', {name}) as smallint)"
    return name


def _there(path: Path) -> Path:
    return path if path.exists() else disk.packed(path)


def _read(folder: Path, work: Path) -> duckdb.DuckDBPyConnection:
    with disk.open_file(folder / CSV) as file:
        header = file.readline()
    if header != csv_lines([CSV_FIELDS]):
        raise DamagedWindow(folder=folder, difference=f"{CSV} has other columns: {header[:200]!r}")
    columns = {"captured_at": "TIMESTAMP", **{column.name: CSV_TYPES[column.kind] for column in COLUMNS}}
    stored = ",\n    ".join(f"{stored_value(column)} as {column.table_name}" for column in COLUMNS)
    with ExitStack() as unless_read:
        tables = unless_read.enter_context(open_duckdb())
        try:
            tables.execute(f"set temp_directory = {quoted(work)}; set memory_limit = '{MEMORY}'; set threads = 1")
            tables.execute(
                statement("window/records").format(
                    csv=quoted(_there(folder / CSV)), columns=columns, stored=stored, longest=LONGEST_LINE
                )
            )
            tables.execute(
                statement("window/polls").format(
                    csv=quoted(_there(folder / POLLS)), columns=dict.fromkeys(LEDGER_FIELDS, "VARCHAR")
                )
            )
            tables.execute(statement("window/first_records"))
        except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.IOException) as error:
            difference = f"{CSV} or {POLLS} cannot be read: {' '.join(str(error).split())[:300]}"
            raise DamagedWindow(folder=folder, difference=difference) from error
        unless_read.pop_all()
    return tables
