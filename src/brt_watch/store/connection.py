"""Connections to Postgres, and the statements that run there: one per file in `sql/`, named after the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as compose
from psycopg.rows import dict_row

from brt_watch import disk
from brt_watch.errors import DatabaseRefused, DatabaseUnreachable

SQL = files("brt_watch.store") / "sql"

Connection = psycopg.Connection[dict[str, Any]]


@contextmanager
def connect(url: str, where: str) -> Iterator[Connection]:
    """Open a connection whose block is one transaction; raises DatabaseUnreachable, DatabaseRefused.

    `where` names the server in messages, without its password.
    """
    try:
        with psycopg.connect(url, row_factory=dict_row, connect_timeout=10, application_name="brt-watch") as connection:
            # Partitions are months in UTC, whatever the zone of the server or the environment.
            connection.execute("set time zone 'UTC'")
            yield connection
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(where=where, reason=reason_of(error)) from error
    except psycopg.Error as error:
        raise DatabaseRefused(reason=_one_line(error)) from error


def reason_of(error: psycopg.Error) -> str:
    """Return why Postgres failed, without the address before it and the hints after it."""
    return str(error).partition("\n")[0].rpartition(" failed: ")[2].rstrip(".")


def statement(name: str) -> str:
    """Return the SQL of that name, from `sql/`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def is_there(connection: Connection, table: str) -> bool:
    """Whether a table or view with this name exists."""
    found = connection.execute("select to_regclass(%s) is not null as there", (table,)).fetchone()
    return bool(found and found["there"])


def copy_file(connection: Connection, path: Path, table: str) -> int:
    """Copy a CSV with a header into a table with the same columns; returns the number of rows."""
    copy = compose.SQL("copy {} from stdin (format csv, header match)").format(compose.Identifier(table))
    return copy_rows(connection, path, copy)


def copy_rows(connection: Connection, path: Path, copy_from: str | compose.Composed) -> int:
    """Run a COPY FROM STDIN with the content of a file, packed or not; returns the number of rows."""
    with disk.open_file(path) as file, connection.cursor() as cursor:
        with cursor.copy(copy_from) as copy:
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        return cursor.rowcount


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
