"""A DuckDB session with everything that the lake has: its tables, and the models derived on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import SCHEMA, LakeModels
from brt_watch.errors import ModelsInUse
from brt_watch.store.window import quoted


@contextmanager
def open_lake(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the lake, with each model as a view of its name; raises LakeEmpty, ModelsInUse."""
    with lake.session() as session:
        models = LakeModels(lake).file
        if models.exists():
            attach_models(session, models)
            found = session.execute(
                "select table_name from information_schema.tables "
                f"where table_catalog = 'modelos' and table_schema = '{SCHEMA}'"
            ).fetchall()
            for (name,) in found:
                if name not in ("brt_raw", "brt_poll", "brt_window"):
                    session.execute(f'create view "{name}" as select * from modelos.{SCHEMA}."{name}"')
        yield session


def attach_models(session: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Attach the file of the models as `modelos`; raises ModelsInUse while a transform holds it."""
    try:
        session.execute(f"attach {quoted(file)} as modelos (read_only)")
    except duckdb.IOException as error:
        raise ModelsInUse(file=file) from error
