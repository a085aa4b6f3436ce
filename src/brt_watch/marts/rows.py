"""The rows of a selection, in batches, from Postgres or from the models on the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import psycopg
from psycopg.rows import tuple_row

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.lake_session import open_lake
from brt_watch.marts.selection import Selection
from brt_watch.store.connection import connect
from brt_watch.store.database import Store

Batches = Iterator[list[tuple[Any, ...]]]
ReadRows = Callable[[Selection], Batches]
"""Yields the rows of a selection; nothing while the model does not exist."""

BATCH = 10_000


def rows_of(models: Store | LakeModels) -> ReadRows:
    """Return how the marts are read where the models are derived."""
    if isinstance(models, LakeModels):
        return lambda selection: from_lake(models.lake, selection)
    return lambda selection: from_postgres(models, selection)


def from_postgres(store: Store, selection: Selection) -> Batches:
    """Yield the rows from Postgres; raises DatabaseUnreachable."""
    with connect(store.url, store.where) as connection:
        yield from fetch(connection, selection)


def fetch(connection: psycopg.Connection[Any], selection: Selection) -> Batches:
    """Yield the rows with a cursor on the server, which keeps memory flat."""
    query, values = selection.for_postgres()
    with connection.cursor("mart", row_factory=tuple_row) as cursor:
        try:
            cursor.execute(query, values)
        except psycopg.errors.UndefinedTable:
            return
        while rows := cursor.fetchmany(BATCH):
            yield rows


def from_lake(lake: Lake, selection: Selection) -> Batches:
    """Yield the rows from the models on the lake; raises LakeEmpty."""
    query, values = selection.for_duckdb()
    with open_lake(lake) as session:
        try:
            found = session.execute(query, values)
        except duckdb.CatalogException:
            return
        while rows := found.fetchmany(BATCH):
            yield rows


def dicts(read: ReadRows, selection: Selection) -> list[dict[str, Any]]:
    """Return all rows, each by the names of its columns."""
    return [dict(zip(selection.names, row, strict=True)) for rows in read(selection) for row in rows]
