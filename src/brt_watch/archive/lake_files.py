"""The files of the lake: how they are written, and the folders for what does not fit into memory meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import duckdb

from brt_watch import disk, lock
from brt_watch.store.duck import quoted

OPTIONS = "(format parquet, parquet_version v2, compression zstd)"
"""Version 2 packs numbers by their differences (DELTA_BINARY_PACKED): half the size of the plain form."""

WORK, WORK_LOCK = ".work-", ".in-use"


@contextmanager
def work_folder(lake: Path) -> Iterator[Path]:
    """A folder for data that does not fit into memory, on the lake's disk instead of the system's."""
    disk.make_folder(lake)
    with ExitStack() as held:
        with _gate(lake):
            work = Path(held.enter_context(tempfile.TemporaryDirectory(prefix=WORK, dir=lake)))
            held.enter_context(lock.hold(work / WORK_LOCK, "A query"))
        yield work


def remove_remains(lake: Path) -> None:
    """Delete the work folders of processes that were killed: nobody holds their lock any more."""
    with _gate(lake):
        for folder in (each for each in lake.glob(f"{WORK}*") if lock.holder(each / WORK_LOCK) is None):
            shutil.rmtree(folder, ignore_errors=True)


def _gate(lake: Path) -> AbstractContextManager[None]:
    """Let one process at a time make or remove work folders, so that each that is seen without its lock is dead."""
    return lock.hold(lake / ".work.lock", "A query", patience_seconds=60)


def replace_parquet(window: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Replace a file by the rows of a query as Parquet, in one step."""
    disk.make_folder(path.parent)
    part = path.with_name(f"{path.name}.part")
    window.execute(f"copy ({query}) to {quoted(part)} {OPTIONS}")
    disk.sync_file(part)
    part.replace(path)
    disk.sync_folder(path.parent)


def listed(paths: Sequence[Path]) -> str:
    """Return files as the list that DuckDB reads."""
    return "[" + ", ".join(quoted(path) for path in paths) + "]"
