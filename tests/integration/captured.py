"""What a test captures, and what the database then has."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from brt_watch import pipeline
from brt_watch.pipeline import Parts
from tests.conftest import ScriptedFeed


def capture(parts: Parts, answers: list[Any], ticks: int = 40) -> list[Path]:
    """Capture a window of 13 minutes: first these answers, then one vehicle; returns the closed windows."""
    assert isinstance(parts.feed, ScriptedFeed)
    parts.feed.script = list(answers)
    for tick in islice(pipeline.next_ticks(parts), ticks):
        pipeline.capture(tick, parts)
    return parts.files.closed_windows()


def query(parts: Parts, sql: str) -> list[dict[str, Any]]:
    with parts.store.connection() as connection:
        return connection.execute(sql).fetchall()


def one(parts: Parts, sql: str) -> Any:
    (row,) = query(parts, sql)
    (value,) = row.values()
    return value
