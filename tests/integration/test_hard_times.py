"""What happens to a machine in years: the disk fills, the clock jumps, Postgres is away."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path

import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.capture.window import read_ledger
from brt_watch.clock import StillClock
from brt_watch.errors import DatabaseUnreachable
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from tests.conftest import ScriptedFeed, make_settings
from tests.integration.captured import capture, one, query
from tests.made_vehicles import NOON, body, vehicle

STEP = timedelta(seconds=20)


def polls(resources: Resources) -> list[Poll]:
    return [line.poll for folder in reversed(list(resources.files.newest_first())) for line in read_ledger(folder)]


def load_all(resources: Resources) -> None:
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = Path(tempfile.mkdtemp(prefix="brt-watch-test-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can only be made by root, on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_disk_that_fills_costs_its_ticks_and_nothing_else(
    small_disk: Path, make_resources: Callable[..., Resources], database: SecretStr
) -> None:
    resources = make_resources(str(small_disk / "data"), database_url=database)
    feed = resources.client
    assert isinstance(feed, ScriptedFeed)
    # Numbers that do not compress, until there is no room.
    feed.script = [
        body(*(vehicle(f"{n}-{os.urandom(20).hex()}", NOON + poll * STEP) for n in range(60))) for poll in range(100)
    ]
    seen = [pipeline.capture(tick, resources) for tick in islice(next_ticks(resources), 70)]
    full = [poll for poll in seen if poll.reason == "disk_full"]
    assert len(full) >= 5
    assert [poll.status for poll in seen[: len(seen) - len(full)]] == [Status.OK] * (len(seen) - len(full))
    assert [bool(poll.alerts) for poll in full] == [True] + [False] * (len(full) - 1)
    # Somebody makes room, and the same window goes on.
    shutil.rmtree(small_disk / "data" / "windows" / "20261123T120000Z" / "raw")
    after = [pipeline.capture(tick, resources) for tick in islice(next_ticks(resources), 3)]
    assert [poll.status for poll in after] == [Status.OK] * 3
    assert '"closed"' in (after[0].alerts or "")
    ledger = polls(resources)
    assert [poll.tick for poll in ledger] == [NOON + n * STEP for n in range(73)]
    rows = sum(path.read_bytes().count(b"\r\n") - 1 for path in small_disk.glob("data/windows/*/brt.csv"))
    assert rows == sum(poll.records for poll in ledger)


YEAR_END = datetime(2026, 12, 31, 23, 50, tzinfo=timezone.utc)
LEAP_DAY = datetime(2028, 2, 29, 23, 50, tzinfo=timezone.utc)
MIDNIGHT_IN_RIO = datetime(2026, 11, 1, 2, 50, tzinfo=timezone.utc)
AHEAD, BACK = timedelta(hours=2), -timedelta(hours=2)


@pytest.mark.parametrize(
    ("start", "jump"),
    [
        pytest.param(YEAR_END, AHEAD, id="ahead-year end"),
        pytest.param(LEAP_DAY, BACK, id="back-leap day"),
        pytest.param(MIDNIGHT_IN_RIO, AHEAD, id="ahead-midnight in Rio"),
        pytest.param(YEAR_END, BACK, id="back-year end", marks=pytest.mark.deep),
        pytest.param(LEAP_DAY, AHEAD, id="ahead-leap day", marks=pytest.mark.deep),
        pytest.param(MIDNIGHT_IN_RIO, BACK, id="back-midnight in Rio", marks=pytest.mark.deep),
    ],
)
def test_clock_jump_over_a_boundary_loses_and_doubles_nothing(
    resources: Resources, clock: StillClock, start: datetime, jump: timedelta
) -> None:
    clock.time = start
    for _ in range(2):
        for tick in islice(next_ticks(resources), 60):
            pipeline.capture(tick, resources)
        clock.time += jump
    for tick in islice(next_ticks(resources), 60):
        pipeline.capture(tick, resources)
    load_all(resources)
    ledger = polls(resources)
    good = [poll for poll in ledger if poll.status.is_good]
    assert len(good) == 180
    assert len({poll.tick for poll in ledger}) == len(ledger)
    loaded = one(resources, "select coalesce(sum(records), 0) from brt_window")
    still_open = sum(line.poll.records for line in read_ledger(next(resources.files.newest_first())))
    assert loaded + still_open == 180
    assert one(resources, "select count(*) from brt_poll") == one(resources, "select sum(polls) from brt_window")


def test_windows_wait_for_postgres_and_load_in_order(resources: Resources, tmp_path: Path) -> None:
    away = Store(make_settings(tmp_path, database_url=SecretStr("postgresql://me@127.0.0.1:9/x")))
    there = resources.store
    object.__setattr__(resources, "store", away)
    waiting = []
    for _ in range(3):  # three loads in vain, in half an hour
        capture(resources, [], ticks=40)
        with pytest.raises(DatabaseUnreachable):
            load_all(resources)
        waiting.append(len(resources.files.closed_windows()))
    assert waiting == [1, 2, 3]
    assert all(poll.status is Status.OK for poll in polls(resources))
    object.__setattr__(resources, "store", there)
    load_all(resources)
    windows = query(resources, 'select "window" from brt_window order by load_id')
    assert [row["window"] for row in windows] == sorted(row["window"] for row in windows)
    assert (
        one(resources, "select count(*) from brt_raw")
        == one(resources, "select sum(signals) from brt_window")
        == 39 * 3
    )


def test_no_minute_is_missing_when_one_of_two_capturers_dies(
    loaded_resources: Callable[..., Resources], clock: StillClock
) -> None:
    one_half, other_half = loaded_resources("one"), loaded_resources("two")
    for number in range(200):
        tick = NOON + number * STEP
        at = tick + timedelta(seconds=1)
        answer = body(vehicle(f"bus {number}", at))
        for resources, alive in ((one_half, not 20 <= number < 40), (other_half, not 45 <= number < 70)):
            clock.time = tick
            if alive:
                assert isinstance(resources.client, ScriptedFeed)
                resources.client.script = [answer]
                pipeline.capture(tick, resources)
    clock.time = NOON + timedelta(hours=1)
    for resources in (one_half, other_half):
        load_all(resources)
    loaded = {row["codigo"] for row in query(one_half, "select codigo from brt_raw")}
    # The last minutes are in windows that are still open.
    assert loaded >= {f"bus {number}" for number in range(150)}
    missed = query(one_half, "select count(*) as ticks from brt_poll where status = 'missed' group by capturer")
    assert {row["ticks"] for row in missed} == {20, 25}
