"""The models on the lake: a DuckDB file that dbt fills, and the notes of its runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from brt_watch import lock
from brt_watch.archive.lake import Lake
from brt_watch.clock import UTC
from brt_watch.errors import ModelsInUse
from brt_watch.store.connection import statement
from brt_watch.store.database import Totals
from brt_watch.store.window import quoted

if TYPE_CHECKING:
    from typing_extensions import LiteralString

SCHEMA = "public"

PATIENCE_SECONDS = 5
"""A transform is the only one to use the file while it runs."""


@dataclass(frozen=True)
class LakeModels:
    """The database of the models that are derived from a lake."""

    lake: Lake

    @property
    def file(self) -> Path:
        """The DuckDB file. It can be deleted: a transform derives it again."""
        return self.lake.folder / "modelos.duckdb"

    def connection_parameters(self) -> dict[str, str]:
        """Return what dbt has to know."""
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

    def begin_transform(self, load_id: int) -> int:
        """Note that a run starts, with the lake as views beside the models; returns the number of the run."""
        with duckdb.connect(str(self.file)) as models:
            models.execute(statement("lake/models"))
            self.lake.define_views(models, SCHEMA)
            ((number,),) = models.execute(
                f"insert into {SCHEMA}.brt_transform (load_id) values ({load_id}) returning transform_id"
            ).fetchall()
        return int(number)

    def finish_transform(self, transform_id: int, seconds: float, network_sha256: str) -> None:
        """Note that a run has derived the models from all merges up to the one that it began with."""
        with duckdb.connect(str(self.file)) as models:
            models.execute(
                f"update {SCHEMA}.brt_transform set transformed_at = now(), seconds = {seconds}, "
                f"network_sha256 = {quoted(network_sha256)} where transform_id = {transform_id}"
            )

    def vehicles(self) -> int:
        """Count the vehicles of `generate_view`; 0 before the first transform."""
        if not self.newest_transform():
            return 0
        with self._reading() as models:
            ((count,),) = models.execute(f"select count(*) from {SCHEMA}.generate_view").fetchall()
        return int(count)

    def csv_of(self, query: LiteralString) -> bytes:
        """Return the rows of a query as CSV with a header."""
        with tempfile.TemporaryDirectory(prefix="brt-watch-") as folder, self._reading() as models:
            file = Path(folder) / "rows.csv"
            models.execute(f"set search_path = '{SCHEMA}'")
            models.execute(f"copy ({query}) to {quoted(str(file))} (format csv, header)")
            return file.read_bytes()

    def totals(self) -> Totals:
        """Count what the lake holds; cheap, for it reads the ledger and not the signals."""
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
        """Wait until nobody else derives the models of this lake, and keep others waiting meanwhile."""
        with lock.hold(self.lake.folder.parent / "run" / "lake-models.lock", "A transform", patience_seconds=3600):
            yield

    def _noted(self, expression: str) -> Any:
        if not self.file.exists():
            return None
        with self._reading() as models:
            query = f"select {expression} from {SCHEMA}.brt_transform where transformed_at is not null"
            ((found,),) = models.execute(query).fetchall()
        return found

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for reading; raises ModelsInUse while a transform holds it for long."""
        latest = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                models = duckdb.connect(str(self.file), read_only=True)
            except duckdb.IOException as error:
                if time.monotonic() > latest:
                    raise ModelsInUse(file=self.file) from error
                time.sleep(0.5)
            else:
                with models:
                    yield models
                return
