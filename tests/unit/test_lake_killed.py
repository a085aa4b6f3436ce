"""Killed at random moments while it merges windows, a lake loses and doubles nothing (as in tests/torture.py).

BRT_WATCH_TORTURE_KILLS sets how often (4), BRT_WATCH_TORTURE_SEED the chance of another run.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from brt_watch.archive.verify import verify
from brt_watch.capture.manifest import read_manifest
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from tests.made_vehicles import NOON, vehicle
from tests.torture import load_once, processes
from tests.unit.test_lake import Recorder

KILLS = int(os.environ.get("BRT_WATCH_TORTURE_KILLS", "4"))
SEED = int(os.environ.get("BRT_WATCH_TORTURE_SEED") or random.SystemRandom().randrange(10**6))
WINDOWS = 4


def records(window: int, poll: int) -> list[dict[str, Any]]:
    """Signals of two days, half of them repeats, and a record that is rejected."""
    at = NOON + window * timedelta(minutes=13) + poll // 2 * timedelta(seconds=40)
    fleet = [vehicle(str(bus), at - bus % 2 * timedelta(days=1)) for bus in range(40)]
    return [*fleet, vehicle("999", at, latitude=None)]


def test_a_kill_costs_the_lake_no_signal_and_doubles_none(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    where = f"seed {SEED}"
    recorder = Recorder(tmp_path / "data")
    values = {"data": str(recorder.files.data), "feed_url": "http://127.0.0.1:9/gps/brt", "database_url": "none"}
    resources = Resources.from_settings(Settings(**values))
    took, kills, left = 0.6, 0, Counter[str]()
    for round_ in range(16 * KILLS):
        # At least one is to hit a merge. What a kill at the very end left behind goes with the next one.
        enough = kills >= KILLS and left["work folder"] > 0
        if enough and not _left_behind(recorder.lake.folder):
            break
        first = round_ * WINDOWS
        for window in range(first, first + WINDOWS):
            recorder.window(*(records(window, poll) for poll in range(4)), at=NOON + window * timedelta(minutes=13))
        while resources.files.closed_windows():
            load = processes.Process(target=load_once, args=(values, tmp_path / "log"), daemon=True)
            started = time.monotonic()
            load.start()
            load.join(None if enough else chance.uniform(0, took))
            load.kill()
            load.join()
            assert load.exitcode in (0, -9), (tmp_path / "log").read_text()[-3000:]
            kills += load.exitcode == -9
            behind = _left_behind(recorder.lake.folder)
            left.update(behind)
            if load.exitcode == 0:
                took = time.monotonic() - started
            elif not behind:
                # On a busy machine a load has not begun by then, and would never end.
                took *= 1.5
    assert kills >= KILLS, where
    assert left["work folder"], f"{where}: no kill hit the work"
    assert _left_behind(recorder.lake.folder) == []
    windows = len(resources.files.archived())
    assert verify(resources) == [], where
    with resources.lake.session() as session:
        query = "select count(*), count(distinct (codigo, datahora)) from brt_raw"
        assert session.execute(query).fetchall() == [(windows * 80, windows * 80)], where
        assert session.execute("select count(*), count(distinct tick) from brt_reject").fetchall() == [
            (windows * 4,) * 2
        ]
    whole = Recorder(tmp_path / "whole")
    for folder in resources.files.archived():
        whole.lake.add(folder, read_manifest(folder))
    sums = [lake.day_sums([resources.files.capturer]) for lake in (resources.lake, whole.lake)]
    assert sums[0] == sums[1], where
    sys.stdout.write(f"\n{where}: {kills} kills, {windows} windows, left behind {dict(left)}\n")


def _left_behind(lake: Path) -> list[str]:
    """Return the half-done remains of a dead load."""
    return [path.suffix or "work folder" for path in (*lake.glob(".work-*"), *lake.rglob("*.part"))]
