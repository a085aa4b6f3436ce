"""Open DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb


def open_duckdb(file: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Open a database, without the bar that DuckDB draws on standard output, even into a file, after two seconds."""
    session = duckdb.connect(str(file))
    session.execute("set enable_progress_bar = false")
    return session
