"""The derived tables of the lake as Parquet, which anybody reads while the next transform runs.

    lake/modelos.duckdb                                             dbt's own; only a transform opens it
    lake/modelos/viagens/dia_operacao=2026-11-23/viagens.parquet    a service day of a mart
    lake/modelos/linhas/linhas.parquet                              a table without days, whole
    lake/modelos/_schemas/viagens.parquet                           its columns, without a row
    lake/modelos/views.json                                         the views on them, as SQL for DuckDB

DuckDB locks a file that is being written, so the page would wait as long as dbt takes. A transform publishes the days
that it has changed, each replaced in one step, and notes its end afterwards: a publication that was interrupted is done
again by the next transform.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from brt_watch import disk
from brt_watch.archive.lake_files import replace_parquet
from brt_watch.archive.lake_turn import OF_RIO, Turn
from brt_watch.network import SEEDS
from brt_watch.store.connection import statement
from brt_watch.store.duck import open_duckdb, quoted

DATABASE, SCHEMA = "modelos", "public"
"""The views of dbt name their tables in full; the database is called after its file."""

DAY = "dia_operacao"
MOMENTS = {"gps_brt": "timestamp_gps", "cobertura_captura": "minuto"}
"""The moment that puts a row into its service day, of marts without a column for the day."""

WORKING_SETS = ("int_captura__", "int_passagens__", "int_sinais__", "int_viagens__")
CHANGED_DAYS = "int_viagens__dias"
"""Holds the days that the last run has made again, also those of which no row is left."""

SCHEMAS = "_schemas"
"""A name that Spark and others skip."""

VIEWS = "views.json"

OF_THE_LAKE = ("brt_raw", "brt_poll", "brt_reject", "brt_window", "brt_alert", "brt_disagreement")
NOTES = "brt_transform"


@contextmanager
def empty_session() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory, in a database and schema with the names that the views of dbt know."""
    with open_duckdb() as session:
        session.execute(f"attach ':memory:' as {DATABASE}; create schema {DATABASE}.{SCHEMA}; use {DATABASE}.{SCHEMA}")
        session.execute("set TimeZone = 'UTC'")
        yield session


@dataclass(frozen=True)
class Days:
    """Service days from the first to the last, as they are written."""

    first: str
    last: str


@dataclass(frozen=True)
class Marts:
    """The published tables below a folder."""

    folder: Path
    turn: Turn = OF_RIO
    """When their days turn."""

    @property
    def names(self) -> list[str]:
        """The tables that are published."""
        whole = (path.stem for path in self.folder.glob("[!_]*/*.parquet"))
        return sorted({*whole, *(path.stem for path in self.folder.glob(f"{SCHEMAS}/*.parquet"))})

    @property
    def views(self) -> dict[str, str]:
        """The views on them: their SQL by name."""
        views: dict[str, str] = json.loads(disk.read(self.folder / VIEWS) or b"{}")
        return views

    # -- writing ----------------------------------------------------------------------------------------------------

    def publish(self, models: duckdb.DuckDBPyConnection, since_transform: int, everything: bool) -> None:
        """Publish what the runs after `since_transform` have changed, or all tables."""
        models.execute("set TimeZone = 'UTC'")
        columns = _columns(models)
        again = set()
        if CHANGED_DAYS in columns:
            again = _days(models, f"select distinct {DAY} from {SCHEMA}.{CHANGED_DAYS}")
        for name, of_table in columns.items():
            if name.startswith(WORKING_SETS) or name == NOTES:
                continue
            if DAY in of_table or name in MOMENTS:
                self._publish_days(models, name, of_table, since_transform, again, everything)
            elif everything or not self._whole(name).exists() or not _of_the_network(name):
                replace_parquet(models, f"from {SCHEMA}.{name}", self._whole(name))
        for name in set(self.names) - {*columns, NOTES}:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            self._schema(name).unlink(missing_ok=True)
        self._publish_views(models)

    def publish_notes(self, models: duckdb.DuckDBPyConnection) -> None:
        """Publish the notes of the runs; with them a transform counts as done."""
        models.execute("set TimeZone = 'UTC'")
        replace_parquet(models, f"from {SCHEMA}.{NOTES}", self._whole(NOTES))

    def _publish_days(
        self,
        models: duckdb.DuckDBPyConnection,
        name: str,
        columns: set[str],
        since: int,
        again: set[str],
        everything: bool,
    ) -> None:
        moment = MOMENTS.get(name)
        day = self.turn.sql(moment) if moment else DAY
        table = f"{SCHEMA}.{name}"
        others, only_columns = f" exclude ({DAY})", DAY
        if moment:
            others, only_columns = "", f"cast(null as date) as {DAY}"
        if everything or not self._schema(name).exists():
            replace_parquet(models, f"select *{others}, {only_columns} from {table} limit 0", self._schema(name))
        there = _days(models, f"select distinct {day} from {table}")
        changed = there
        if "derived_by" in columns:
            changed = _days(models, f"select distinct {day} from {table} where derived_by > {since}") | again
        published = {path.name.removeprefix(f"{DAY}=") for path in (self.folder / name).glob(f"{DAY}=*")}
        for each in sorted(there & changed | there - published):
            of_day = f"{DAY} = date '{each}'"
            if moment:
                begin, end = (quoted(at.isoformat()) for at in self.turn.span(each))
                of_day = f"{moment} >= timestamptz {begin} and {moment} < timestamptz {end} order by {moment}"
            path = self.folder / name / f"{DAY}={each}" / f"{name}.parquet"
            replace_parquet(models, f"select *{others} from {table} where {of_day}", path)
        for each in published - there:
            shutil.rmtree(self.folder / name / f"{DAY}={each}")

    def _publish_views(self, models: duckdb.DuckDBPyConnection) -> None:
        found = models.execute(
            f"select view_name, sql from duckdb_views() where schema_name = '{SCHEMA}' and not internal order by 1"
        ).fetchall()
        views = {name: sql for name, sql in found if name not in OF_THE_LAKE}
        self.folder.mkdir(parents=True, exist_ok=True)
        disk.write_durably(self.folder / VIEWS, json.dumps(views, indent=1, ensure_ascii=False).encode())

    def _whole(self, name: str) -> Path:
        return self.folder / name / f"{name}.parquet"

    def _schema(self, name: str) -> Path:
        return self.folder / SCHEMAS / f"{name}.parquet"

    # -- reading ----------------------------------------------------------------------------------------------------

    def define(
        self, session: duckdb.DuckDBPyConnection, wanted: Iterable[str] | None = None, days: Days | None = None
    ) -> None:
        """Define the published tables and views in the schema that is in use: all, or those wanted and what they need.

        With `days` only the files of those days are opened, however many years there are.
        """
        define(session, self.views, set(self.names), lambda name: self._query(name, days), wanted)

    def _query(self, name: str, days: Days | None) -> str:
        if self._whole(name).exists():
            return f"from read_parquet({quoted(self._whole(name))})"
        files = sorted((self.folder / name).glob(f"{DAY}=*/*.parquet"))
        of_days = [file for file in files if not days or days.first <= file.parent.name[len(DAY) + 1 :] <= days.last]
        return of_files(of_days) if of_days else f"from read_parquet({quoted(self._schema(name))})"


def of_files(files: Iterable[Path | str]) -> str:
    """Return the query for a table in files of days."""
    listed = ", ".join(map(quoted, files))
    return f"from read_parquet([{listed}], hive_partitioning = true, hive_types = {{'{DAY}': date}})"


def define(
    session: duckdb.DuckDBPyConnection,
    views: dict[str, str],
    tables: set[str],
    query_of: Callable[[str], str],
    wanted: Iterable[str] | None = None,
) -> None:
    """Define tables by their queries, and the views on them: all, or those wanted and what they need."""
    for name in _in_order(views, [*tables, *views] if wanted is None else wanted, tables):
        if name in views:
            # A view on a working set has nothing to stand on here.
            with suppress(duckdb.CatalogException):
                session.execute(views[name])
        else:
            session.execute(f"create view {name} as {query_of(name)}")
    if NOTES not in tables:
        session.execute(statement("lake/models"))


def words(statement: str) -> list[str]:
    """Return the words of a statement: among them are the names of all that it reads."""
    return sorted(set(re.findall(r"\w+", statement)))


def _of_the_network(name: str) -> bool:
    """Whether a table changes with the network alone: a reference file, or a model that stands on these only."""
    return name.startswith("int_rede__") or (SEEDS / f"{name}.csv").exists()


def _columns(models: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return the names of the columns of each table of dbt."""
    found = models.execute(
        "select tables.table_name, list(columns.column_name) from duckdb_columns() as columns "
        "inner join duckdb_tables() as tables using (database_oid, table_oid) "
        f"where tables.schema_name = '{SCHEMA}' group by all order by all"
    ).fetchall()
    return {name: set(columns) for name, columns in found}


def _days(models: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    return {str(day) for (day,) in models.execute(query).fetchall()}


def _in_order(views: dict[str, str], wanted: Iterable[str], tables: set[str]) -> Iterator[str]:
    """Yield tables and views, each after what it stands on."""
    done: set[str] = set()

    def with_below(name: str) -> Iterator[str]:
        if name in done or (name not in views and name not in tables):
            return
        done.add(name)
        for below in words(views.get(name, "")):
            yield from with_below(below)
        yield name

    for name in wanted:
        yield from with_below(name)
