"""Every mart as a number of rows and a checksum, whatever engine derived it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from brt_watch import pipeline
from brt_watch.archive.lake_session import open_lake
from brt_watch.resources import Resources
from brt_watch.transform.runner import DBT_PROJECT

OF_THE_RUN = {"load_id", "derived_by"}
"""Columns that name the run that wrote a row and describe nothing of the bus."""

MARTS = sorted(path.stem for path in (DBT_PROJECT / "models" / "marts").rglob("*.sql") if path.parent.name != "feeds")
"""Without those of further feeds, whose tables are in Postgres alone (docs/decisions/0011)."""


@dataclass(frozen=True)
class Table:
    """What a mart holds."""

    rows: int
    checksum: str


def score_forecasts_as_first(resources: Resources) -> None:
    """Derive past forecasts in Postgres as a first run, which also scores the day that is not over: so does the lake's.

    The tables of a template are there before any signal, so that its next run is an increment.
    """
    with resources.store.connection() as connection:
        connection.execute("drop table int_previsoes__passadas, previsao_acerto cascade")
    pipeline.transform(resources, "--select", "int_previsoes__passadas+")


def table(rows: list[dict[str, Any]]) -> Table:
    total = 0
    for row in rows:
        text = "|".join(f"{name}={plain(row[name])}" for name in sorted(row) if name not in OF_THE_RUN)
        total += int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")
    return Table(len(rows), f"{total:x}")


def plain(value: Any) -> str:
    if isinstance(value, datetime):
        # Spark's are without a zone, and in UTC.
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()
    if isinstance(value, (float, Decimal)):
        return f"{round(float(value), 3) + 0.0:.3f}"
    return str(value)


def on_lake(resources: Resources, name: str) -> list[dict[str, Any]]:
    with open_lake(resources.lake, [name]) as session:
        found = session.execute(f"select * from {name}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
