"""Open DuckDB, and write values into its statements."""

from __future__ import annotations

from pathlib import Path

import duckdb

QUIET = "set enable_progress_bar = false"
"""Draw no bar on standard output, even into a file, after two seconds. Each connection and cursor needs it."""


def open_duckdb(file: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Open a database without a progress bar."""
    session = duckdb.connect(str(file))
    session.execute(QUIET)
    return session


def quoted(value: object) -> str:
    """Return a text as an SQL literal; a bound parameter would make DuckDB import pandas where that is installed."""
    return "'" + str(value).replace("'", "''") + "'"
