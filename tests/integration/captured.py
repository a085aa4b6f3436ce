"""The capture of a test, and the resulting database."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.resources import Resources
from tests.conftest import ScriptedFeed


def capture(resources: Resources, answers: list[Any], ticks: int = 40) -> list[Path]:
    """Capture a window of 13 minutes: first these answers, then one vehicle; returns the closed windows."""
    assert isinstance(resources.client, ScriptedFeed)
    resources.client.script = list(answers)
    for tick in islice(next_ticks(resources), ticks):
        pipeline.capture(tick, resources)
    return resources.files.closed_windows()


def query(resources: Resources, sql: str) -> list[dict[str, Any]]:
    with resources.store.connection() as connection:
        return connection.execute(sql).fetchall()


def one(resources: Resources, sql: str) -> Any:
    (row,) = query(resources, sql)
    (value,) = row.values()
    return value
