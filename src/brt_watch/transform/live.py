"""The live engine: the dbt models on DuckDB in the process that serves, over the signals of the last hours.

    windows on disk ──take──▶ recebidos ──of the vehicles with news──▶ gps_brt ──models marked live──▶ page

Each poll derives only what it changes: of every vehicle with a new signal, the rows of `gps_brt` from its oldest new
signal on. They are derived from all signals that can matter to them (`look_back` below), so that a row is what the
same model gives on Postgres. The rows are kept for `KEPT` hours. What the map shows comes first and is published, then
the rest of the models (live_plan.py).

**How a model becomes live.** Write `config: {meta: {live: true}}` for it in its yml. After each poll, every such model
that stands on `gps_brt` is made again, whole, as a table of the same name, in the order of its references, with what it
needs on the way. It is compiled as a full refresh. Such a model may read `gps_brt` (the last hours, all vehicles),
`stg_brt__polls`, seeds and the tables of the network (`tag:rede`), other live models, and `stg_brt__sinais`; of an
increment, a load or a day it knows nothing, and `gps_brt` starts in the middle of trips. It has a part of 1.5 s of one
core for 750 vehicles (200,000 rows of `gps_brt`). What it must know of the past beyond that comes as a seed, or from a
model with `meta: {trained: true}`: its rows are read from the files of the newest training (trained.py).

A model that takes too long for that says `live: apart`: `derive_apart` makes it of one moment, while polls go on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import structlog

from brt_watch.errors import DamagedRecords
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Kind, Poll
from brt_watch.store.duck import QUIET, quoted
from brt_watch.store.window import CSV_TYPES, stored_value
from brt_watch.transform.compiled import DATABASE, DBT_PROJECT, Compiled, project_vars
from brt_watch.transform.live_plan import Plan
from brt_watch.transform.trained import TrainedFiles

log = structlog.get_logger()

KEPT = timedelta(hours=3)
MARGIN = timedelta(seconds=60)
TRIM_AFTER = 30
"""Number of polls after which rows older than KEPT are dropped."""

SHORT_LINE = 1 << 20
"""Bytes. DuckDB allocates about sixteen times the maximum line length."""

THREADS = 1
MEMORY = "600MB"

_SQL = files("brt_watch.transform") / "sql"


def look_back(values: dict[str, Any]) -> timedelta:
    """Return how far back a row of gps_brt looks, apart from the single signal before that."""
    direction = values["sentido_validade_segundos"] + values["sentido_janela_segundos"]
    others = values["janela_movel_velocidade_segundos"], values["intervalo_max_desvio_segundos"]
    return timedelta(seconds=max(direction, *others)) + MARGIN


class LiveEngine:
    """The models over the last hours, in memory. One thread at a time takes polls; any thread reads."""

    def __init__(
        self,
        compiled: Compiled,
        project: Path = DBT_PROJECT,
        spill: Path | None = None,
        trained: TrainedFiles | None = None,
    ) -> None:
        self.vars = project_vars(project)
        self._compiled = compiled
        self._plan = Plan.of(compiled)
        self._gps = compiled.model("gps_brt").sql
        self._trained_files = trained
        self._training: str | None = None
        self._reach = look_back(self.vars)
        self._connection = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
        # Compressed, a row of gps_brt takes 60 bytes instead of 700.
        self._run(f"attach ':memory:' as {DATABASE} (compress)")
        self._run(f"use {DATABASE}; set TimeZone = 'UTC'; set preserve_insertion_order = false; {QUIET}")
        if spill:
            self._run(f"set temp_directory = {quoted(spill)}")
        self._number = self._untrimmed = 0
        self._apart_lock = Lock()
        self._apart_cursor: duckdb.DuckDBPyConnection | None = None
        self._stopped = False
        self.is_whole = True
        """Whether all models are as of the same poll; False between `derive_first` and `derive_rest`."""
        self.since: datetime | None = None
        """The moment from which on all captured signals are here; None before the first poll."""
        self._build(project)

    # -- building ---------------------------------------------------------------------------------------------------

    def _build(self, project: Path) -> None:
        types = {**CSV_TYPES, Kind.STAMP: "timestamptz", Kind.HEADING: "smallint"}
        columns = ", ".join(f"{column.table_name} {types[column.kind]}" for column in COLUMNS)
        self._run(_sql("live_tables").format(columns=columns))
        for seed in self._compiled.seeds:
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in seed.columns.items())
            self._run(
                f"create table public.{seed.name} as select * "
                f"from read_csv({quoted(project / seed.path)}, header = true, columns = {{{columns}}})"
            )
        for model in self._plan.models:
            if model.trained:
                columns = ", ".join(f"{name} {kind}" for name, kind in model.trained.items())
                self._run(f"create table public.{model.name} ({columns})")
            elif model.name == "gps_brt":
                self._run(f"create table public.gps_brt as select * from ({model.sql}) limit 0")
            else:
                self._create(model.name, model.kind, model.sql)

    def _create(self, name: str, kind: str, sql: str) -> None:
        self._run(_made(name, kind, sql))

    # -- after each poll --------------------------------------------------------------------------------------------

    def take(self, polls: Iterable[Poll], lines: bytes, capturer: str = "") -> None:
        """Take polls and their lines of a `brt.csv`, without its header; raises DamagedRecords and takes nothing."""
        with self._transaction():
            for poll in polls:
                self._note(poll, capturer)
            if lines:
                self._arrive(lines)

    def derive(self) -> None:
        """Derive everything that depends on the signals taken since the last time."""
        self.derive_first()
        self.derive_rest()

    def derive_first(self) -> None:
        """Derive where the vehicles are; `derive_rest` must follow."""
        with self._transaction():
            if self._one("select count(*) from novos"):
                self._run(f"insert into public.brt_transform values ({self._number}, {self._number})")
                self._run(_sql("live_since"))
                self._run(_sql("live_context").replace("{alcance}", f"{self._reach.total_seconds():.0f}"))
                self._replace_rows()
            for model in self._plan.first:
                self._create(model.name, model.kind, model.sql)
            self.is_whole = False

    def derive_rest(self) -> None:
        """Derive the other models from the same signals."""
        self._read_trained()
        with self._transaction():
            for model in self._plan.rest:
                self._create(model.name, model.kind, model.sql)
        self.is_whole = True
        # A checkpoint needs the database for itself; a poll does not wait for that.
        if self._untrimmed >= TRIM_AFTER and self._apart_lock.acquire(blocking=False):
            try:
                self._trim()
            finally:
                self._apart_lock.release()

    def derive_apart(self) -> None:
        """Derive the models that are live apart from the polls, as of one moment, while polls may go on."""
        with self._apart_lock, self._cursor() as self._apart_cursor:
            cursor = self._apart_cursor
            for models in self._plan.apart:
                cursor.execute("begin")
                for model in models:
                    if self._stopped:
                        return
                    cursor.execute(_made(model.name, model.kind, model.sql))
                cursor.execute("commit")
            # What they were made from is needed no longer, and would take a hundred megabytes.
            for model in reversed(list(chain(*self._plan.apart))):
                if not model.live:
                    cursor.execute(f"drop table public.{model.name}")

    def stop(self) -> None:
        """End a derivation apart from the polls: it takes seconds, for which a process that ends would wait."""
        self._stopped = True
        # A cursor that was closed has nothing to interrupt.
        with suppress(duckdb.Error):
            if self._apart_cursor:
                self._apart_cursor.interrupt()

    @property
    def pending(self) -> int:
        """New signals that are not derived yet."""
        return int(self._one("select coalesce(sum(sinais), 0) from novos"))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("begin")
        try:
            yield
        except BaseException:
            self._run("rollback")
            raise
        self._run("commit")

    def _note(self, poll: Poll, capturer: str) -> None:
        self._number += 1
        self._untrimmed += 1
        values = {
            "tick": poll.tick, "captured_at": poll.captured_at, "status": poll.status.value, "reason": poll.reason,
            "capturer": capturer, "records": poll.records, "rejects": poll.rejects, "load_id": self._number,
        }  # fmt: skip
        literals = ", ".join("null" if value is None else quoted(value) for value in values.values())
        self._run(f"insert into public.brt_poll ({', '.join(values)}) values ({literals})")
        if self.since is None:
            self.since = poll.tick

    def _arrive(self, lines: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(lines)
            file.flush()
            columns = {"captured_at": "TIMESTAMP", **{column.name: CSV_TYPES[column.kind] for column in COLUMNS}}
            stored = ", ".join(f"{stored_value(column)} as {column.table_name}" for column in COLUMNS)
            longest = max(SHORT_LINE, *map(len, lines.split(b"\n"))) + 2
            statement = _sql("live_arrived").format(
                csv=quoted(file.name), columns=columns, stored=stored, longest=longest
            )
            try:
                self._run(statement)
            except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
                raise DamagedRecords(problem=" ".join(str(error).split())[:300]) from error
        self._run("insert into public.recebidos by name select * from chegados")
        self._run("insert into novos select codigo, min(datahora), count(*) from chegados group by codigo")
        self._run("drop table chegados")

    def _replace_rows(self) -> None:
        self._run("create or replace view public.brt_raw as select * from contexto")
        for model in self._plan.context:
            self._create(model.name, model.kind, model.sql)
        self._run(
            f"create or replace temp table derivados as select gps.* from ({self._gps}) as gps "
            "inner join desde on gps.id_veiculo = desde.codigo and gps.timestamp_gps >= desde.desde"
        )
        self._run("create or replace view public.brt_raw as select * from public.recebidos")
        self._run(
            "delete from public.gps_brt using desde "
            "where gps_brt.id_veiculo = desde.codigo and gps_brt.timestamp_gps >= desde.desde"
        )
        self._run("insert into public.gps_brt select * from derivados")
        for table in ("contexto", "derivados", "desde"):
            self._run(f"drop table {table}")
        self._run("delete from novos")

    def _read_trained(self) -> None:
        """Read the newest training, if there is one that was not read yet; one of another release is passed over."""
        version = self._trained_files.version() if self._trained_files else None
        if not self._trained_files or version == self._training:
            return
        self._training = version
        try:
            with self._transaction():
                for model in self._plan.trained:
                    self._run(f"delete from public.{model.name}")
                    self._run(f"insert into public.{model.name} {self._trained_files.select(model)}")
        except (duckdb.Error, OSError, ValueError) as error:
            log.warning("live.training_not_read", version=version, problem=" ".join(str(error).split())[:300])

    def _trim(self) -> None:
        """Drop rows older than KEPT, except the last signal of each vehicle; compress the rest."""
        self._untrimmed = 0
        newest = self._one("select max(captured_at) from public.brt_poll")
        if newest is None:
            return
        before = newest - KEPT
        with self._transaction():
            for table, code, moment in (
                ("recebidos", "codigo", "datahora"), ("gps_brt", "id_veiculo", "timestamp_gps")
            ):  # fmt: skip
                # Recreated, because a table in memory keeps the space of deleted rows.
                self._run(
                    f"create or replace table public.{table} as select * from public.{table} "
                    f"qualify {moment} >= {quoted(before)}::timestamptz "
                    f"or row_number() over (partition by {code} order by {moment} desc) = 1"
                )
            self._run(f"delete from public.brt_poll where tick < {quoted(before)}::timestamptz")
        if self.since and self.since < before:
            self.since = before
        # While somebody reads, it is left for the next time: the rows are then compressed a few minutes later.
        with suppress(duckdb.TransactionException):
            self._run(f"checkpoint {DATABASE}")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor for use beside the polls; it has none of the connection's settings."""
        return self._connection.cursor().execute(f"use {DATABASE}.public; set TimeZone = 'UTC'; {QUIET}")

    # -- reading ----------------------------------------------------------------------------------------------------

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the result of a query, as of the last derived poll."""
        with self._cursor() as cursor:
            return cursor.execute(query).fetchall()

    def dicts(self, query: str) -> list[dict[str, Any]]:
        """Return the result of a query, each row by column name."""
        with self._cursor() as cursor:
            found = cursor.execute(query)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def has(self, model: str) -> bool:
        """Whether a model is live."""
        return any(model == each.name for each in (*self._plan.first, *self._plan.rest, *chain(*self._plan.apart)))

    def close(self) -> None:
        """Release the memory."""
        self._connection.close()

    def _one(self, query: str) -> Any:
        found = self._connection.execute(query).fetchone()
        return found[0] if found else None

    def _run(self, statement: str) -> None:
        self._connection.execute(statement)


def _made(name: str, kind: str, sql: str) -> str:
    return f"create or replace {kind} public.{name} as {sql}"


def _sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
