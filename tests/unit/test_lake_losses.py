"""A day of the lake that was lost is noticed, and no file that it can be made from again is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from brt_watch.archive.prune import prune
from brt_watch.archive.windows import drop_csv, has_raw
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.poll import store_and_read
from brt_watch.clock import StillClock
from brt_watch.model import Poll, Status
from brt_watch.pipeline import load
from brt_watch.resources import Resources
from tests.fleet import NOON, body, vehicle

STEP = timedelta(seconds=20)


def loaded(resources: Resources, files: CaptureFiles) -> Path:
    """Return an archived window with six signals, three on each of two days."""
    window = files.new_window(NOON)
    for number in range(3):
        tick = NOON + number * STEP
        content = body(vehicle("1", tick), vehicle("2", tick - timedelta(days=1)))
        poll = Poll(tick, Status.OK, requested_at=tick, captured_at=tick)
        window.record(*store_and_read(poll, content, window))
    load(files.close(window), resources)
    (folder,) = files.archived()
    return folder


@pytest.fixture
def alone(make_resources: Callable[..., Resources]) -> Resources:
    """Without Postgres."""
    return make_resources(database_url="none", keep_raw_days=1)


def test_the_last_copy_of_a_lost_day_is_not_pruned(alone: Resources, clock: StillClock) -> None:
    folder = loaded(alone, alone.files)
    clock.time = NOON + timedelta(days=3)
    drop_csv(folder)
    file = alone.lake.day_file("2026-11-22")
    shutil.move(file, file.with_suffix(".away"))
    pruned = prune(alone)
    assert (pruned.raw_dropped, has_raw(folder)) == ([], True)
    assert pruned.kept == [f"{folder.name}: the lake has 3 of the 6 signals it brought, and its CSV is gone"]
    shutil.move(file.with_suffix(".away"), file)
    assert prune(alone).raw_dropped == [folder.name]
