"""The web's own access to Postgres: read-only, with a read-only role and a timeout."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import args_row, dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from brt_watch.errors import DatabaseUnreachable, NotDerived
from brt_watch.marts.rows import Batches, fetch
from brt_watch.marts.selection import Selection
from brt_watch.store.connection import reason_of, statement
from brt_watch.store.database import Store
from brt_watch.store.duck import quoted
from brt_watch.web.signals import Signal

ROLE = "brt_watch_reader"
STATEMENT_SECONDS = 8
AT_ONCE = 8
"""Maximum number of connections; further queries wait briefly and are then refused."""

WAIT_SECONDS = 3.0
IDLE_SECONDS = 60.0
REFUSED_SECONDS = 3.0
"""After a failure further queries fail at once for this long, so that a page without Postgres stays fast."""

_OPTIONS = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC"


class Reader:
    """Queries on Postgres; raises DatabaseUnreachable whenever there is no answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._failed: tuple[float, DatabaseUnreachable] | None = None
        self.as_role = False

    def signals(self, values: dict[str, Any]) -> list[Signal]:
        """Return derived signals of some time, oldest first; none before the models are first derived."""
        with self._connection() as connection, connection.cursor(row_factory=args_row(Signal)) as cursor:
            try:
                return cursor.execute(statement("web_signals"), values).fetchall()
            except psycopg.errors.UndefinedTable as error:
                connection.rollback()
                if connection.execute("select to_regclass('gps_brt') is null").fetchone() == (True,):
                    return []
                # "Nothing" would be wrong: the rows are there, and the view on them comes with the next transform.
                reason = "the next transform renews its views for this release"
                raise DatabaseUnreachable(where=self._store.where, reason=reason) from error

    def rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Return the result of a statement of `sql/`; empty while its model does not exist."""
        with self._connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            try:
                return cursor.execute(statement(name), values).fetchall()
            except psycopg.errors.UndefinedTable:
                return []

    def batches(self, selection: Selection) -> Batches:
        """Yield the rows of a mart; nothing while its model does not exist."""
        with self._connection() as connection, suppress(NotDerived):
            try:
                yield from fetch(connection, selection)
            except psycopg.errors.UndefinedColumn as error:
                reason = "the next transform renews its tables for this release"
                raise DatabaseUnreachable(where=self._store.where, reason=reason) from error

    def close(self) -> None:
        """Close the connections."""
        if self._pool:
            self._pool.close(timeout=1)
            self._pool = None

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        if self._failed and time.monotonic() - self._failed[0] < REFUSED_SECONDS:
            raise self._failed[1]
        try:
            with self._opened().connection(timeout=WAIT_SECONDS) as connection:
                yield connection
            self._failed = None
        except PoolTimeout:
            if self._pool and self._pool.get_stats().get("pool_size", 0) >= AT_ONCE:
                raise DatabaseUnreachable(where="the web", reason="too many questions at once; ask again") from None
            raise self._failure("no connection") from None
        except PoolClosed:
            # Another question failed meanwhile, and closed it: its reason is the reason.
            raise self._failed[1] if self._failed else self._failure("no connection") from None
        except psycopg.Error as error:
            raise self._failure(reason_of(error)) from error

    def _failure(self, reason: str) -> DatabaseUnreachable:
        self.close()
        failure = DatabaseUnreachable(where=self._store.where, reason=reason)
        self._failed = time.monotonic(), failure
        return failure

    def _opened(self) -> ConnectionPool[psycopg.Connection[Any]]:
        if self._pool is None:
            # The pool would retry in the background; here the attempt fails at once, with the reason.
            psycopg.connect(self._store.url, connect_timeout=3).close()
            self._pool = ConnectionPool(
                self._store.url,
                kwargs={"connect_timeout": 3, "application_name": "brt-watch serve", "options": _OPTIONS},
                min_size=0,
                max_size=AT_ONCE,
                max_idle=IDLE_SECONDS,
                num_workers=1,
                configure=self._become_reader,
                check=ConnectionPool.check_connection,
                open=True,
            )
        return self._pool

    def _become_reader(self, connection: psycopg.Connection[Any]) -> None:
        found = connection.execute(
            "select count(*) from pg_roles where rolname = %s and pg_has_role(rolname, 'member')", (ROLE,)
        ).fetchone()
        self.as_role = bool(found and found[0])
        if self.as_role:
            connection.execute(f"set role {ROLE}")
        connection.commit()


def signal_values(
    de: datetime,
    ate: datetime,
    codigo: str | None,
    linha: str | None,
    after: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return the values of web_signals."""
    depois = after or (None, None)
    return {
        **{"de": de, "ate": ate, "codigo": codigo, "linha": linha, "limite": limit},
        **{"depois_datahora": depois[0], "depois_codigo": depois[1]},
    }


def with_literals(name: str, values: dict[str, Any]) -> str:
    """Return a statement for DuckDB, its parameters written as literals."""
    return re.sub(r"%\((\w+)\)s", lambda found: _literal(values[found[1]]), statement(name))


def _literal(value: object) -> str:
    return "null" if value is None else str(value) if isinstance(value, int) else quoted(value)
