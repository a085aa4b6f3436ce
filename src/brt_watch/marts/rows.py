"""The rows of a query, in batches, from Postgres or from the models on the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import psycopg
from psycopg.rows import tuple_row

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_marts import Days, words
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.lake_session import open_lake
from brt_watch.errors import NotDerived
from brt_watch.marts.selection import Query, for_duckdb
from brt_watch.store.connection import connect
from brt_watch.store.database import Store

Batches = Iterator[list[tuple[Any, ...]]]
Read = Callable[[Query], Batches]
"""Yields the rows of a query; raises NotDerived while the model does not exist."""

BATCH = 10_000


def rows_of(models: Store | LakeModels) -> Read:
    """Return how the marts are read where the models are derived."""
    if isinstance(models, LakeModels):
        return lambda query: from_lake(models.lake, query)
    return lambda query: from_postgres(models, query)


def from_postgres(store: Store, query: Query) -> Batches:
    """Yield the rows from Postgres; raises DatabaseUnreachable, NotDerived."""
    with connect(store.url, store.where) as connection:
        yield from fetch(connection, query)


def fetch(connection: psycopg.Connection[Any], query: Query) -> Batches:
    """Yield the rows with a cursor on the server, which keeps memory flat; raises NotDerived."""
    text, values = query.for_postgres()
    with connection.cursor("mart", row_factory=tuple_row) as cursor:
        try:
            cursor.execute(text, values)
        except psycopg.errors.UndefinedTable as error:
            raise NotDerived(model=_model(text)) from error
        while rows := cursor.fetchmany(BATCH):
            yield rows


def from_lake(lake: Lake, query: Query, days: Days | None = None) -> Batches:
    """Yield the rows from the models on the lake, of some days if they are given; raises LakeEmpty, NotDerived."""
    text, values = for_duckdb(query)
    if "primeiro_dia" in values and "ultimo_dia" in values:
        days = Days(str(values["primeiro_dia"]), str(values["ultimo_dia"]))
    with open_lake(lake, words(text), days) as session:
        try:
            found = session.execute(text, values)
        except duckdb.CatalogException as error:
            raise NotDerived(model=_model(text)) from error
        while rows := found.fetchmany(BATCH):
            yield rows


def dicts(read: Read, query: Query) -> list[dict[str, Any]]:
    """Return all rows, each by the names of its columns."""
    return [dict(zip(query.names, row, strict=True)) for rows in read(query) for row in rows]


def _model(text: str) -> str:
    return text.partition("\nfrom ")[2].partition("\n")[0] or "model"
