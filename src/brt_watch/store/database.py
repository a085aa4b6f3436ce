"""The one door to Postgres. The SQL lies in `sql/`, one statement a file, the file's name its name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, cast

import psycopg
import structlog
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from brt_watch import disk
from brt_watch.capture.ledger import CSV_FIELDS, csv_lines
from brt_watch.capture.window import CSV, POLLS, REJECTS, Manifest, read_ledger
from brt_watch.errors import DamagedWindow, DatabaseRefused, DatabaseUnreachable
from brt_watch.settings import Settings
from brt_watch.store import embedded as postgres
from brt_watch.store import new_signals as sights
from brt_watch.store.new_signals import Sights

log = structlog.get_logger()

_SQL = files("brt_watch.store") / "sql"

ONE_LOADER = 5_271_990
"""The advisory lock of loads and schema changes: load ids then grow in the order of commits."""


ONE_TRANSFORMER = 5_271_991
"""The advisory lock of transforms."""

POLLS_AT_ONCE = 60
"""The polls of 20 minutes: what a load remembers at a time, however long the window."""

BATCH = 500
"""Records for which rows are made at a time, a hundred kilobytes."""


@dataclass(frozen=True)
class Loaded:
    """What a load did with a window: its records are signals, repeats of signals, and nothing else."""

    window: str
    records: int
    signals: int
    rejects: int
    conflicts: int = 0
    again: bool = False

    @property
    def repeats(self) -> int:
        """Records whose signal was there already."""
        return self.records - self.signals

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for a log event."""
        return {**asdict(self), "repeats": self.repeats}


@dataclass(frozen=True)
class Totals:
    """What the database holds."""

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
    """A Postgres with our tables, at the address that the settings give."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def url(self) -> str:
        """The address, password included."""
        if self._settings.embedded_postgres:
            return postgres.url(self._settings)
        return self._settings.database_url.get_secret_value()

    @property
    def where(self) -> str:
        """Host and port, for people."""
        known = self.connection_parameters()
        return f"{known.get('host', 'the local socket')}:{known.get('port', 5432)}"

    def connection_parameters(self) -> dict[str, str]:
        """Return host, port, user, password and dbname, as libpq names them."""
        return {name: str(value) for name, value in conninfo_to_dict(self.url).items() if value is not None}

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """Open a connection whose block is one transaction; raises DatabaseUnreachable, DatabaseRefused."""
        try:
            with psycopg.connect(
                self.url, row_factory=dict_row, connect_timeout=10, application_name="brt-watch"
            ) as connection:
                # Months are months of UTC, whatever zone the server or the environment prefers.
                connection.execute("set time zone 'UTC'")
                yield connection
        except psycopg.OperationalError as error:
            raise DatabaseUnreachable(where=self.where, reason=_one_line(error)) from error
        except psycopg.Error as error:
            raise DatabaseRefused(reason=_one_line(error)) from error

    def apply_schema(self) -> list[str]:
        """Bring the tables to the newest form; returns the names of the steps that this took."""
        with self.connection() as connection:
            return bring_up_to_date(connection)

    def load_window(self, folder: Path, manifest: Manifest, instead: bool = False) -> Loaded:
        """Load a closed window in one transaction.

        A window that was loaded before changes nothing, unless it is to be loaded `instead` of what was.
        """
        with self.connection() as connection:
            bring_up_to_date(connection)
            if instead:
                _forget(connection, manifest)
            values: dict[str, Any] = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
            window = connection.execute(statement("insert_window"), values).fetchone()
            if window is None:
                return Loaded(manifest.window, manifest.records, 0, manifest.rejects, again=True)
            connection.execute(statement("stage_window"))
            _copy(connection, folder / POLLS, "polls_csv")
            _copy(connection, folder / REJECTS, "rejects_csv")
            ids = {"capturer": manifest.capturer, "load_id": window["load_id"]}
            connection.execute(statement("insert_polls"), ids)
            connection.execute(statement("insert_rejects"), ids)
            connection.execute(statement("ensure_months"))
            try:
                records, signals, conflicts = _load_records(connection, folder, ids)
            except (ValueError, KeyError, OverflowError) as error:
                raise DamagedWindow(folder=folder, difference=f"{CSV} cannot be read: {error!r}") from error
            if records != manifest.records:
                raise DamagedWindow(folder=folder, difference=f"{records} records, {manifest.records} in its manifest")
            connection.execute(statement("count_window"), ids | {"signals": signals, "conflicts": conflicts})
            connection.execute(statement("note_pages"))
        return Loaded(manifest.window, records, signals, manifest.rejects, conflicts)

    def windows(self, capturer: str) -> dict[str, dict[str, int]]:
        """Return by window what the ledger of loads says of it, and what is really in the tables."""
        with self.connection() as connection:
            if not is_there(connection, "brt_window"):
                return {}
            return {row.pop("window"): row for row in connection.execute(statement("windows"), {"capturer": capturer})}

    def checksums(self) -> dict[str, dict[str, Any]]:
        """Return rows and checksum of each table, over all that comes from the capture.

        What only says how it was loaded (load_id, loaded_at, code_version) is left out: two databases with the same
        checksums hold the same.
        """
        with self.connection() as connection:
            return checksums(connection)

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
        """Wait until nobody else derives the models of this database, and keep others waiting meanwhile."""
        with self.connection() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (ONE_TRANSFORMER,))
            yield

    def totals(self) -> Totals:
        """Count what is there; cheap, for it reads the ledgers and not the signals."""
        with self.connection() as connection:
            if not is_there(connection, "brt_transform"):
                return Totals(0, 0, 0, 0, None, None, None, 0, 0)
            row = connection.execute(statement("totals")).fetchone()
        return Totals(**cast(dict[str, Any], row))

    def view(self) -> list[dict[str, Any]]:
        """Return `generate_view`: the most recent signal of every vehicle; empty before the first transform."""
        with self.connection() as connection:
            if not is_there(connection, "generate_view"):
                return []
            return connection.execute(statement("view")).fetchall()

    def compare_with_truth(self, files: list[Path]) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
        """Return what was seen of the signals of a simulation, by what the bus did, and how right the models are."""
        with self.connection() as connection:
            connection.execute(statement("stage_truth"))
            for file in files:
                _copy(connection, file, "sinais")
            connection.execute("create index on sinais (codigo, datahora); analyze sinais")
            signals = connection.execute(statement("score_signals")).fetchall()
            view = {"vehicles": 0, "up_to_date": 0, "p95_behind_seconds": 0.0}
            models: dict[str, Any] = defaultdict(int)
            if is_there(connection, "generate_view"):
                (view,) = connection.execute(statement("score_view")).fetchall()
                (models,) = connection.execute(statement("score_models")).fetchall()
        return signals, view, models


def _forget(connection: psycopg.Connection[dict[str, Any]], manifest: Manifest) -> None:
    ids = {"capturer": manifest.capturer, "window": manifest.window}
    loaded = connection.execute(
        'select load_id from brt_window where capturer = %(capturer)s and "window" = %(window)s', ids
    ).fetchone()
    if loaded:
        for table in ("brt_raw", "brt_reject", "brt_poll", "brt_window"):
            delete = compose.SQL("delete from {} where load_id = %(load_id)s").format(compose.Identifier(table))
            connection.execute(delete, loaded)


def schema_steps() -> list[str]:
    """Return the names of the steps that make our tables, in their order."""
    return sorted(step.name.removesuffix(".sql") for step in (_SQL / "schema").iterdir() if step.name.endswith(".sql"))


def bring_up_to_date(connection: psycopg.Connection[dict[str, Any]]) -> list[str]:
    """Bring the tables to the newest form; returns the names of the steps that this took."""
    connection.execute("select pg_advisory_xact_lock(%s)", (ONE_LOADER,))
    connection.execute(
        "create table if not exists brt_schema (step text primary key, applied_at timestamptz not null default now())"
    )
    applied = {row["step"] for row in connection.execute("select step from brt_schema")}
    new = [step for step in schema_steps() if step not in applied]
    for step in new:
        connection.execute(statement(f"schema/{step}"))
        connection.execute("insert into brt_schema (step) values (%s)", (step,))
        log.info("store.schema", step=step)
    return new


def checksums(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return rows and checksum of each table, as this connection sees them."""
    return {row.pop("table"): row for row in connection.execute(statement("checksums"))}


def _load_records(
    connection: psycopg.Connection[dict[str, Any]], folder: Path, ids: dict[str, Any]
) -> tuple[int, int, int]:
    """Copy the new signals of a window into brt_raw; returns how many records, signals and conflicts it has."""
    polls = [line.poll for line in read_ledger(folder) if line.poll.records]
    count, doubtful, ticks = 0, False, Counter[datetime]()
    with disk.open_file(folder / CSV) as file, connection.cursor(row_factory=tuple_row) as cursor:
        header = file.readline()
        if header != csv_lines([CSV_FIELDS]):
            raise ValueError(header)
        records = sights.records(file)
        while polls:
            some, polls = polls[:POLLS_AT_ONCE], polls[POLLS_AT_ONCE:]
            seen = Sights(some, ids)
            count += _copy_new(cursor, seen, islice(records, sum(poll.records for poll in some)))
            ticks.update(seen.signals)
            if seen.doubtful:
                if not doubtful:
                    cursor.execute(statement("stage_records"))
                    doubtful = True
                with cursor.copy("copy records_csv from stdin (format csv)") as copy:
                    copy.write(b"".join(seen.doubtful))
        count += sum(1 for _ in records)
        cursor.execute(statement("count_signals"), ids | {"ticks": list(ticks), "signals": list(ticks.values())})
        # Where nothing is in doubt nothing can differ.
        found = cursor.execute(statement("count_conflicts")).fetchone() if doubtful else None
    return count, ticks.total(), found[0] if found else 0


def _copy_new(cursor: psycopg.Cursor[Any], seen: Sights, records: Iterator[bytes]) -> int:
    """Copy the new signals of some polls into brt_raw; returns the number of records.

    Rows are made while Postgres takes in those before.
    """
    count = 0
    between = cursor.execute(statement("known_between"), (seen.since.decode(), seen.until.decode()))
    seen.known = {sights.key(*signal) for signal in between}
    with cursor.copy(statement("copy_signals")) as copy:
        while batch := list(islice(records, BATCH)):
            count += len(batch)
            copy.write(seen.new(batch))
    if moments := seen.moments_apart():
        known = {sights.key(*signal) for signal in cursor.execute(statement("known_at"), (moments,))}
        with cursor.copy(statement("copy_signals")) as copy:
            copy.write(seen.new_apart(known))
    return count


def is_there(connection: psycopg.Connection[dict[str, Any]], table: str) -> bool:
    """Whether a table or view of this name is there."""
    found = connection.execute("select to_regclass(%s) is not null as there", (table,)).fetchone()
    return bool(found and found["there"])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def statement(name: str) -> str:
    """Return the SQL of that name, from `sql/`."""
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


def _copy(connection: psycopg.Connection[dict[str, Any]], path: Path, table: str) -> int:
    """Copy a file into a table of its shape; returns the number of rows."""
    copy_from = compose.SQL("copy {} from stdin (format csv, header match)").format(compose.Identifier(table))
    with connection.cursor() as cursor:
        with cursor.copy(copy_from) as copy, disk.open_file(path) as file:
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        return cursor.rowcount
