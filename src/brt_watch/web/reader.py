"""The web's own door to Postgres: it only reads, as a role that can only read, and never for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from threading import BoundedSemaphore
from typing import Any

import psycopg
from psycopg.rows import args_row, dict_row

from brt_watch.errors import DatabaseUnreachable
from brt_watch.store.database import Store
from brt_watch.web.signals import Signal

ROLE = "brt_watch_reader"
STATEMENT_SECONDS = 8
AT_ONCE = 8
"""So many questions at a time; others wait a little, and then are refused."""

WAIT_SECONDS = 10.0

_SQL = files("brt_watch.store") / "sql"
_OPTIONS = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC"


class Reader:
    """Questions to Postgres; raises DatabaseUnreachable whenever there is no answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places = BoundedSemaphore(AT_ONCE)
        self.as_role = False

    def signals(
        self,
        de: datetime,
        ate: datetime,
        codigo: str | None = None,
        linha: str | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int | None = None,
    ) -> list[Signal]:
        """Return signals of some time, oldest first."""
        depois = after or (None, None)
        values = {"de": de, "ate": ate, "codigo": codigo, "linha": linha, "limite": limit}
        values |= {"depois_datahora": depois[0], "depois_codigo": depois[1]}
        with self._connection() as connection, connection.cursor(row_factory=args_row(Signal)) as cursor:
            return cursor.execute(_sql("web_signals"), values).fetchall()

    def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Return what a statement of `sql/` gives."""
        with self._connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(_sql(statement), values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise DatabaseUnreachable(where="the web", reason="too many questions at once; ask again")
        try:
            with psycopg.connect(
                self._store.url, connect_timeout=3, application_name="brt-watch serve", options=_OPTIONS
            ) as connection:
                self._become_reader(connection)
                yield connection
        except psycopg.Error as error:
            known = self._store.connection_parameters()
            where = f"{known.get('host', 'the local socket')}:{known.get('port', 5432)}"
            raise DatabaseUnreachable(where=where, reason=" ".join(str(error).split())) from error
        finally:
            self._places.release()

    def _become_reader(self, connection: psycopg.Connection[Any]) -> None:
        found = connection.execute(
            "select count(*) from pg_roles where rolname = %s and pg_has_role(rolname, 'member')", (ROLE,)
        ).fetchone()
        self.as_role = bool(found and found[0])
        if self.as_role:
            connection.execute(f"set local role {ROLE}")


def _sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
