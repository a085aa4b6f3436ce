"""Increments on the lake: after windows in any order its models are those of a full refresh."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from tests.conftest import ScriptedFeed
from tests.integration.marts import on_lake, table
from tests.integration.test_transform import NIGHT, POLL, shuttles

ONLY = ("--select", "+intervalos", "+gps_brt", "--exclude", "test_type:data", "test_type:unit")
MODELS = ("gps_brt", "viagens", "passagens", "intervalos")


def test_increments_on_the_lake_equal_a_full_refresh(make_resources: Callable[..., Resources]) -> None:
    """The third window comes after the fourth: it changes a trip that began before it and one that ends behind it."""
    resources = make_resources(database_url="none", poll_seconds=POLL.seconds)
    assert isinstance(resources.clock, StillClock)
    assert isinstance(resources.client, ScriptedFeed)
    resources.clock.time = NIGHT + timedelta(hours=1.5)
    polls = timedelta(hours=2.75) // POLL
    resources.client.script = list(shuttles(polls))
    for tick in islice(next_ticks(resources), polls):
        pipeline.capture(tick, resources)
    windows = resources.files.closed_windows()
    late = windows.pop(len(windows) // 2)
    for loaded in (windows[:-2], windows[-2:], [late]):
        for folder in loaded:
            pipeline.load(folder, resources)
        pipeline.transform(resources, *ONLY)
    increments = found(resources)
    assert all(rows.rows for rows in increments.values())
    pipeline.transform(resources, "--full-refresh", *ONLY)
    assert found(resources) == increments


def found(resources: Resources) -> dict[str, Any]:
    return {name: table(on_lake(resources, name)) for name in MODELS}
