"""A DuckDB session on the lake: its tables, and the models derived on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_files import work_folder
from brt_watch.archive.lake_marts import SCHEMA, Days, empty_session
from brt_watch.archive.lake_models import LakeModels
from brt_watch.store.duck import quoted


@contextmanager
def open_lake(
    lake: Lake, wanted: Iterable[str] | None = None, days: Days | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the lake, with its tables and each model as a view of its name; raises LakeEmpty.

    `wanted` selects models, and `days` restricts their rows.
    """
    with work_folder(lake.folder) as work, empty_session() as session:
        session.execute(f"set temp_directory = {quoted(work)}")
        lake.define_views(session, SCHEMA)
        LakeModels(lake).marts.define(session, wanted, days)
        yield session
