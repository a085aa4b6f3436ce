"""The only access to Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict

from brt_watch.capture.manifest import Manifest
from brt_watch.errors import WithoutPostgres
from brt_watch.settings import Settings
from brt_watch.store import embedded as postgres
from brt_watch.store.checksums import checksums, windows
from brt_watch.store.connection import Connection, connect, is_there, statement
from brt_watch.store.load import Loaded, load_window
from brt_watch.store.migrations import bring_up_to_date, enter_schema
from brt_watch.store.window import Reading

if TYPE_CHECKING:
    from typing_extensions import LiteralString

ONE_TRANSFORMER = 5_271_991
"""The advisory lock of transforms."""


@dataclass(frozen=True)
class Totals:
    """The totals of the database."""

    windows: int
    records: int
    signals: int
    rejects: int
    newest_tick: datetime | None
    loaded_at: datetime | None
    transformed_at: datetime | None
    load_id: int
    transformed_load_id: int


class Store:
    """A Postgres with our tables, at the address that the settings give; those of a further feed in its own schema."""

    def __init__(self, settings: Settings, schema: str = "") -> None:
        self._settings = settings
        self.schema = schema

    @property
    def url(self) -> str:
        """The address, including the password; raises WithoutPostgres."""
        if not self._settings.uses_postgres:
            raise WithoutPostgres()
        if self._settings.embedded_postgres:
            return postgres.url(self._settings)
        postgres.let_libpq_variables_in()
        return self._settings.database_url.get_secret_value()

    @property
    def where(self) -> str:
        """Host and port, for display."""
        known = self.connection_parameters()
        return f"{known.get('host', 'the local socket')}:{known.get('port', 5432)}"

    def connection_parameters(self) -> dict[str, str]:
        """Return host, port, user, password and dbname, as libpq names them."""
        return {name: str(value) for name, value in conninfo_to_dict(self.url).items() if value is not None}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a connection whose block is one transaction; raises DatabaseUnreachable, DatabaseRefused."""
        with connect(self.url, self.where) as connection:
            if self.schema:
                enter_schema(connection, self.schema)
            yield connection

    def apply_schema(self) -> list[str]:
        """Bring the tables up to date; returns the names of the applied steps."""
        with self.connection() as connection:
            return bring_up_to_date(connection)

    def load_window(
        self,
        folder: Path,
        manifest: Manifest,
        instead: bool = False,
        reading: Reading | None = None,
    ) -> Loaded:
        """Load a closed window in one transaction, from its tables in DuckDB if it is being read already.

        A window that was loaded before changes nothing, unless `instead` replaces its rows.
        """
        with self.connection() as connection:
            return load_window(connection, folder, manifest, instead, reading)

    def windows(self, capturer: str) -> dict[str, dict[str, int]]:
        """Return the counts of each window, in the ledger of loads and in the tables."""
        with self.connection() as connection:
            return windows(connection, capturer)

    def checksums(self) -> dict[str, dict[str, Any]]:
        """Return rows and checksum of each table, over all captured data.

        Columns that only describe the load (load_id, loaded_at, code_version) are left out: two databases with the same
        checksums hold the same capture.
        """
        with self.connection() as connection:
            return checksums(connection)

    def day_sums(self, capturers: list[str]) -> dict[str, tuple[int, str]]:
        """Return rows and checksum of each service day, for the signals that these capturers saw first."""
        with self.connection() as connection:
            if not is_there(connection, "brt_raw"):
                return {}
            rows = connection.execute(statement("day_sums"), {"capturers": capturers}).fetchall()
        return {row["day"]: (int(row["rows"]), str(row["checksum"])) for row in rows}

    def day_extras(self, capturers: list[str]) -> list[tuple[str, str, int]]:
        """Return service day, unknown fields as JSON, and the key sum of the signals that have them."""
        with self.connection() as connection:
            rows = connection.execute(statement("day_extras"), {"capturers": capturers}).fetchall()
        return [(row["day"], row["extra"], int(row["keys"])) for row in rows]

    def newest_load(self) -> int:
        """Return the id of the newest load, 0 before the first."""
        return self._load_id("newest_load", "brt_window")

    def newest_transform(self) -> int:
        """Return the newest load that the models were derived from, 0 before the first."""
        return self._load_id("newest_transform", "brt_transform")

    def _load_id(self, name: str, table: str) -> int:
        with self.connection() as connection:
            row = connection.execute(statement(name)).fetchone() if is_there(connection, table) else None
        return int(row["load_id"]) if row else 0

    def newest_network(self) -> str:
        """Return the checksum of the reference files of the newest transform, "" before the first."""
        with self.connection() as connection:
            row = connection.execute(statement("newest_network")).fetchone()
        return str(row["network_sha256"]) if row else ""

    def columns(self, tables: Iterable[str]) -> dict[str, set[str]]:
        """Return the columns of those of these tables that are there."""
        with self.connection() as connection:
            rows = connection.execute(statement("columns_of_tables"), {"tables": list(tables)}).fetchall()
        return {row["table_name"]: set(row["columns"]) for row in rows}

    def begin_transform(self, load_id: int) -> int:
        """Record that the models are being derived from all loads up to this one; returns the run's transform_id."""
        with self.connection() as connection:
            bring_up_to_date(connection)
            row = connection.execute(statement("begin_transform"), {"load_id": load_id}).fetchone()
        assert row is not None
        return int(row["transform_id"])

    def finish_transform(self, transform_id: int, seconds: float, network_sha256: str) -> None:
        """Record that a run has succeeded, and with which network."""
        values = {"transform_id": transform_id, "seconds": seconds, "network_sha256": network_sha256}
        with self.connection() as connection:
            connection.execute(statement("finish_transform"), values)

    @contextmanager
    def alone_transforming(self) -> Iterator[None]:
        """Hold the lock of transforms; waits until no other process derives the models of this database."""
        with self.connection() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (ONE_TRANSFORMER,))
            yield

    def totals(self) -> Totals:
        """Return the totals; cheap, because it reads the ledgers and not the signals."""
        with self.connection() as connection:
            if not is_there(connection, "brt_transform"):
                return Totals(0, 0, 0, 0, None, None, None, 0, 0)
            row = connection.execute(statement("totals")).fetchone()
        return Totals(**cast(dict[str, Any], row))

    def csv_of(self, query: LiteralString) -> bytes:
        """Return the rows of a query as CSV with a header."""
        with self.connection() as connection, connection.cursor() as cursor:
            copy = compose.SQL("copy ({}) to stdout (format csv, header)").format(compose.SQL(query))
            with cursor.copy(copy) as rows:
                return b"".join(bytes(part) for part in rows)

    def vehicles(self) -> int:
        """Count the vehicles of `generate_view`; 0 before the first transform."""
        return len(self.view())

    def view(self) -> list[dict[str, Any]]:
        """Return `generate_view`: the most recent signal of every vehicle; empty before the first transform."""
        with self.connection() as connection:
            if not is_there(connection, "generate_view"):
                return []
            return connection.execute(statement("view")).fetchall()
