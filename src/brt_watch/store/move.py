"""Move the database to another Postgres: copy all captured data in one transaction that commits only when both agree.

The models are not copied; dbt derives them again in the new database. Why this is not a rebuild from the archive:
docs/decisions/0007-moving-the-database.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql as compose

from brt_watch.clock import UTC
from brt_watch.errors import MoveRefused
from brt_watch.store.checksums import checksums
from brt_watch.store.connection import Connection, is_there, statement
from brt_watch.store.database import Store
from brt_watch.store.migrations import ONE_LOADER, bring_up_to_date, schema_steps

LEDGERS = ("brt_window", "brt_poll", "brt_reject", "brt_disagreement")
"""The tables beside brt_raw, in the order of their references."""

OUTSIDE = "brt_raw_outside"

OLDEST_VERSION = 15

BATCH = 1000
"""Rows between two progress reports."""


@dataclass(frozen=True)
class Moved:
    """The content of both databases: rows and checksum of each table."""

    tables: dict[str, dict[str, Any]]
    again: bool
    """Whether the target already had it."""


def move(source: Store, target: Store, progress: Callable[[int, int], None]) -> Moved:
    """Copy everything that came from the capture into another, empty Postgres; the source is only read.

    Loads wait meanwhile. `progress` is called with the rows done and the total. Raises MoveRefused, DatabaseUnreachable
    or DatabaseRefused; the target is then unchanged.
    """
    with source.connection() as here, target.connection() as there:
        here.execute("set transaction read only")
        # Held until the end, so that the source does not change.
        here.execute("select pg_advisory_xact_lock(%s)", (ONE_LOADER,))
        if reason := _reason_against(here, there):
            raise MoveRefused(where=target.where, reason=reason)
        bring_up_to_date(there)
        known, found = checksums(here), checksums(there)
        if again := any(table["rows"] for table in found.values()):
            if found != known:
                raise MoveRefused(where=target.where, reason=f"it has other data already ({_in_words(found)})")
        else:
            _copy_all(here, there, progress)
            found = checksums(there)
            if found != known:
                raise MoveRefused(
                    where=target.where, reason=f"{_in_words(known)} were copied and {_in_words(found)} arrived"
                )
    return Moved(found, again)


def _reason_against(here: Connection, there: Connection) -> str:
    """Return why the move is not possible, "" if it is."""
    if there.info.server_version < OLDEST_VERSION * 10_000:
        return f"it is PostgreSQL {there.info.server_version // 10_000}; {OLDEST_VERSION} or newer is needed"
    free = there.execute("select pg_try_advisory_xact_lock(%s) as free", (ONE_LOADER,)).fetchone()
    if not free or not free["free"]:
        return "it is the same database, or something is loaded into it at this moment"
    steps = _steps(here)
    if steps != schema_steps():
        return "the tables here have the form of another version of brt-watch; bring them up to date first (db schema)"
    if not set(_steps(there)) <= set(steps):
        return "its tables were made by a newer version of brt-watch"
    if not _steps(there) and any(is_there(there, table) for table in (*LEDGERS, "brt_raw")):
        return "it has tables of these names that brt-watch did not make"
    return ""


def _steps(connection: Connection) -> list[str]:
    if not is_there(connection, "brt_schema"):
        return []
    return sorted(row["step"] for row in connection.execute("select step from brt_schema"))


def _copy_all(here: Connection, there: Connection, progress: Callable[[int, int], None]) -> None:
    counted = here.execute(statement("count_rows")).fetchone()
    done, in_all = 0, counted["rows"] if counted else 0
    parts = [row["part"] for row in here.execute(statement("partitions"))]
    for part in parts:
        if part != OUTSIDE:
            month = datetime.strptime(part, "brt_raw_%Y_%m").replace(tzinfo=UTC)
            there.execute("select brt_ensure_month(%s)", (month,))
    for table in (*LEDGERS, *parts):
        copy_out = compose.SQL("copy {} to stdout (format binary)").format(compose.Identifier(table))
        copy_in = compose.SQL("copy {} from stdin (format binary)").format(compose.Identifier(table))
        reading = here.cursor()
        with reading.copy(copy_out) as rows, there.cursor().copy(copy_in) as into:
            for number, row in enumerate(rows, 1):
                into.write(row)
                if number % BATCH == 0:
                    progress(done + number, in_all)
        done += reading.rowcount
    progress(done, in_all)
    there.execute(statement("number_loads"))
    there.execute(statement("note_pages"))
    there.execute("analyze brt_raw, brt_poll, brt_window")


def _in_words(tables: dict[str, dict[str, Any]]) -> str:
    return ", ".join(f"{found['rows']} rows of {table}" for table, found in tables.items())
