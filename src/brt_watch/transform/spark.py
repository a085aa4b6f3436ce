"""The models on Spark: the statements of the dbt project over the Parquet of the lake, when one machine is not enough.

    lake/spark/run=20261128T030000Z/viagens/part-*.parquet    a table of the models, made by one run
    lake/spark/run=20261128T030000Z/_DONE                     written last: now the run counts

dbt orders the models and compiles them for DuckDB as plain selects (`compiled.py`); `spark_sql.py` translates them.
Each run derives everything from all signals, in a folder of its own, so that it can be killed at any moment and a
reader sees a whole run or an earlier one. Why not dbt-spark: docs/decisions/0012-spark.md.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from brt_watch.clock import Clock
from brt_watch.errors import SparkFailed
from brt_watch.store.connection import statement
from brt_watch.store.duck import open_duckdb, quoted
from brt_watch.transform.compiled import Compiled, Model, Seed
from brt_watch.transform.spark_storage import what_is_missing

DONE = "_DONE"

CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    # Spark would write a condition out for each column that is calculated from others, and with columns that are
    # calculated from these in turn it does not end: int_viagens__nas_linhas.
    "spark.sql.constraintPropagation.enabled": "false",
}
"""Of a session; what a cluster needs beyond it is in its spark-defaults.conf."""


@dataclass(frozen=True)
class Derived:
    """A model that a run has made."""

    name: str
    is_table: bool
    seconds: float


@contextmanager
def spark_session(master: str, options: dict[str, str] | None = None) -> Iterator[Any]:
    """Open a session on a master (`spark://host:port`, `local[2]`); raises SparkFailed."""
    check_installed()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("brt-watch")
    here = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"} if _is_here(master) else {}
    for name, value in {**CONFIGURATION, **here, **(options or {})}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError) as error:
        raise SparkFailed(reason=_first_line(error)) from error
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def check_installed() -> None:
    """Raise SparkFailed with the way to install what is missing."""
    if find_spec("pyspark") is None or find_spec("sqlglot") is None:
        raise SparkFailed(reason="Spark is not installed: pip install 'brt-watch[spark]' (in a checkout: make spark)")
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise SparkFailed(reason="Java 17 or newer is missing: apt-get install openjdk-17-jre-headless")


@dataclass(frozen=True)
class SparkModels:
    """The models of a lake on Spark. `lake` is a folder or an address that every worker can read (`s3a://...`)."""

    session: Any
    lake: str
    compiled: Compiled
    project: Path

    def derive(self, clock: Clock) -> Iterator[Derived]:
        """Derive all models, and yield each when it is there; raises SparkFailed."""
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        run = f"{self.lake}/spark/run={clock.now():%Y%m%dT%H%M%SZ}"
        try:
            with self._snapshot() as source:
                self._define_sources(source)
                for seed in self.compiled.seeds:
                    self._view(seed.name, self.session.createDataFrame(_rows(seed, self.project)))
                for model in self.compiled.models:
                    yield self._make(model, run)
            self._finish(run)
        except (PySparkException, Py4JJavaError) as error:
            hadoop = self.session._jvm.org.apache.hadoop.util.VersionInfo.getVersion()
            raise SparkFailed(reason=what_is_missing(str(error), hadoop) or _first_line(error)) from error

    def _make(self, model: Model, run: str) -> Derived:
        from brt_watch.transform.spark_sql import steps

        started = time.perf_counter()
        for name, sql in steps(model.name, model.sql):
            rows = self.session.sql(sql)
            if model.kind == "table" or name != model.name:
                rows.write.mode("overwrite").parquet(f"{run}/{name}")
                # Read back: what stands on it is planned from the rows that are there, and a lost worker costs no row.
                rows = self.session.read.schema(rows.schema).parquet(f"{run}/{name}")
            self._view(name, rows)
        return Derived(model.name, model.kind == "table", round(time.perf_counter() - started, 3))

    def _define_sources(self, source: str) -> None:
        for name, base in {"sinais": source, "polls": f"{source}/polls"}.items():
            read = self.session.read.option("pathGlobFilter", "*.parquet").option("basePath", base)
            self._view(name, read.parquet(f"{base}/feed=brt"))
        for name in ("brt_raw", "brt_poll", "brt_transform"):
            self._view(name, self.session.sql(statement(f"spark/{name}")))

    @contextmanager
    def _snapshot(self) -> Iterator[str]:
        """The files as they are now, while loads go on: hard links where the lake is a folder.

        Spark opens a file many times in a run, and storage with `s3a://` says itself when one has changed.
        """
        if "://" in self.lake:
            yield self.lake
            return
        from brt_watch.archive.lake_files import work_folder

        lake = Path(self.lake)
        with work_folder(lake) as work:
            for pattern in ("polls/feed=brt/mes=*/*.parquet", "feed=brt/data=*/*.parquet"):
                for path in lake.glob(pattern):
                    link = work / path.relative_to(lake)
                    link.parent.mkdir(parents=True, exist_ok=True)
                    os.link(path, link)
            work.chmod(0o755)
            yield str(work)

    def _finish(self, run: str) -> None:
        """Mark the run as done, and delete the ones before it but one, which somebody may be reading."""
        path_of, context = self.session._jvm.org.apache.hadoop.fs.Path, self.session._jsc.hadoopConfiguration()
        path = path_of(run)
        files = path.getFileSystem(context)
        files.create(path_of(f"{run}/{DONE}"), True).close()
        runs = [str(found.getPath()) for found in files.listStatus(path.getParent())]
        for old in outdated({each: bool(files.exists(path_of(f"{each}/{DONE}"))) for each in runs}, run):
            files.delete(path_of(old), True)

    def _view(self, name: str, rows: Any) -> None:
        rows.createOrReplaceTempView(name)


def outdated(runs: Mapping[str, bool], run: str) -> list[str]:
    """Return the runs before `run`, of which it is known whether they are complete, but for the newest complete one."""
    before = sorted(each for each in runs if each.rpartition("/")[2] < run.rpartition("/")[2])
    kept = [each for each in before if runs[each]][-1:]
    return [each for each in before if each not in kept]


def _rows(seed: Seed, project: Path) -> Any:
    """Return a reference file as an Arrow table."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in seed.columns.items())
    with open_duckdb() as session:
        session.execute("set TimeZone = 'UTC'")
        return session.execute(
            f"from read_csv({quoted(project / seed.path)}, header = true, columns = {{{columns}}})"
        ).to_arrow_table()


def _is_here(master: str) -> bool:
    return master.startswith(("local", "spark://127.0.0.1:"))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
