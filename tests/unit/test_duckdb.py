from __future__ import annotations

from pathlib import Path

from brt_watch.place import home
from brt_watch.store.duck import open_duckdb

SOURCE = home() / "src" / "brt_watch"

APART = {"store/duck.py", "transform/live.py"}
"""The place, and the live engine, whose settings are others."""


def test_duckdb_draws_no_bar_on_standard_output() -> None:
    """A program reads what a command prints, as JSON or CSV, however long the query takes."""
    with open_duckdb() as session:
        assert session.execute("select current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_duckdb_is_opened_in_one_place() -> None:
    files = {
        str(path.relative_to(SOURCE)) for path in Path(SOURCE).rglob("*.py") if "duckdb.connect(" in path.read_text()
    }
    assert files == APART
