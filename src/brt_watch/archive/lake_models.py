"""The models on the lake: a DuckDB file that dbt fills, its published tables, and the record of its runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from brt_watch import lock
from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_marts import NOTES, SCHEMA, Marts, empty_session, words
from brt_watch.clock import UTC
from brt_watch.errors import ModelsInUse
from brt_watch.store.connection import statement
from brt_watch.store.database import Totals
from brt_watch.store.duck import open_duckdb, quoted

if TYPE_CHECKING:
    from typing_extensions import LiteralString

PATIENCE_SECONDS = 60
"""How long a transform waits for another program that reads its file."""


@dataclass(frozen=True)
class LakeModels:
    """The database of the models that are derived from a lake."""

    lake: Lake

    @property
    def file(self) -> Path:
        """The DuckDB file. It can be deleted: a transform derives it again."""
        return self.lake.folder / "modelos.duckdb"

    @property
    def marts(self) -> Marts:
        """The published tables of the models."""
        return Marts(self.lake.folder / "modelos", self.lake.turn)

    def forget(self) -> None:
        """Delete the file of the models: an increment cannot follow a window that was replaced, only added ones."""
        if self.file.exists():
            with self.alone_transforming():
                self.file.unlink()
                self.file.with_name(f"{self.file.name}.wal").unlink(missing_ok=True)

    def connection_parameters(self) -> dict[str, str]:
        """Return the connection parameters for dbt."""
        return {"duckdb": str(self.file)}

    def newest_load(self) -> int:
        """Return the number of the newest merge into the lake, 0 before the first."""
        return self.lake.newest_load()

    def newest_transform(self) -> int:
        """Return the newest merge that the models were derived from, 0 before the first."""
        return int(self._noted("max(load_id)") or 0)

    def newest_network(self) -> str:
        """Return the checksum of the reference files of the newest transform, "" before the first."""
        return str(self._noted("max_by(network_sha256, transform_id)") or "")

    def columns(self, tables: Iterable[str]) -> dict[str, set[str]]:
        """Return the columns of those of these tables that are there."""
        with self._opened() as models:
            rows = models.execute(statement("lake/columns_of_tables"), [SCHEMA, list(tables)]).fetchall()
        return {name: set(columns) for name, columns in rows}

    def begin_transform(self, load_id: int) -> int:
        """Record the start of a run, with the lake as views beside the models; returns the number of the run."""
        self.lake.folder.mkdir(parents=True, exist_ok=True)
        with self._opened() as models:
            models.execute(f"create schema if not exists {SCHEMA}; use {SCHEMA}")
            models.execute(statement("lake/models"))
            self.lake.define_views(models, SCHEMA)
            ((number,),) = models.execute(
                f"insert into {SCHEMA}.brt_transform (load_id) values ({load_id}) returning transform_id"
            ).fetchall()
        return int(number)

    def finish_transform(self, transform_id: int, seconds: float, network_sha256: str) -> None:
        """Publish the rows of a run, and record that they derive from all merges up to its start."""
        everything = self.newest_network() != network_sha256
        with self._opened() as models:
            ((before,),) = models.execute(
                f"select coalesce(max(transform_id), 0) from {SCHEMA}.{NOTES} where transformed_at is not null"
            ).fetchall()
            self.marts.publish(models, before, everything)
            models.execute(
                f"update {SCHEMA}.{NOTES} set transformed_at = now(), seconds = {seconds}, "
                f"network_sha256 = {quoted(network_sha256)} where transform_id = {transform_id}"
            )
            self.marts.publish_notes(models)

    def vehicles(self) -> int:
        """Count the vehicles of `generate_view`; 0 before the first transform."""
        if not self.newest_transform():
            return 0
        with self._marts("generate_view") as models:
            ((count,),) = models.execute("select count(*) from generate_view").fetchall()
        return int(count)

    def csv_of(self, query: LiteralString) -> bytes:
        """Return the rows of a query as CSV with a header."""
        with tempfile.TemporaryDirectory(prefix="brt-watch-") as folder, self._marts(*words(query)) as models:
            file = Path(folder) / "rows.csv"
            models.execute(f"copy ({query}) to {quoted(str(file))} (format csv, header)")
            return file.read_bytes()

    def totals(self) -> Totals:
        """Return the totals of the lake; cheap, because it reads the ledger and not the signals."""
        if self.lake.is_empty:
            return Totals(0, 0, 0, 0, None, None, None, 0, 0)
        with self.lake.session() as session:
            ((windows, records, signals, rejects, newest_tick),) = session.execute(statement("lake/totals")).fetchall()
        merged = max(path.stat().st_mtime for path in self.lake.folder.glob("polls/feed=*/mes=*/*.parquet"))
        return Totals(
            *(windows, records, signals, rejects, newest_tick),
            loaded_at=datetime.fromtimestamp(merged, UTC),
            transformed_at=self._noted("max(transformed_at)"),
            load_id=self.newest_load(),
            transformed_load_id=self.newest_transform(),
        )

    @contextmanager
    def alone_transforming(self) -> Iterator[None]:
        """Hold the lock of transforms; waits until no other process derives the models of this lake."""
        with lock.hold(self.lake.folder.parent / "run" / "lake-models.lock", "A transform", patience_seconds=3600):
            yield

    def _noted(self, expression: str) -> Any:
        # Without the file a transform derives everything again, whatever was published.
        if not self.file.exists():
            return None
        with self._marts(NOTES) as models:
            ((found,),) = models.execute(
                f"select {expression} from {NOTES} where transformed_at is not null"
            ).fetchall()
        return found

    @contextmanager
    def _marts(self, *wanted: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with empty_session() as session:
            self.marts.define(session, wanted)
            yield session

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open dbt's file; raises ModelsInUse if another program holds it for too long."""
        latest = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                models = open_duckdb(self.file)
            except duckdb.IOException as error:
                if time.monotonic() > latest:
                    raise ModelsInUse(file=self.file) from error
                time.sleep(0.5)
            else:
                with models:
                    yield models
                return
