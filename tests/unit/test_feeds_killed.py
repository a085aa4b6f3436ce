"""Killed at random moments, a capture of three feeds keeps every tick and signal of each (tools: tests/torture.py).

BRT_WATCH_TORTURE_SEED sets the chance of another run.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.capture.poll import repaired_window
from brt_watch.capture.ticks import next_ticks
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from tests.made_vehicles import NOON
from tests.torture import (
    GOOD,
    STEP,
    NumberedApi,
    folders,
    ledger,
    moment,
    on_grid,
    processes,
    read,
    rows,
    stored_answers,
)

KILLS = 4
SEED = int(os.environ.get("BRT_WATCH_TORTURE_SEED") or random.SystemRandom().randrange(10**6))
FEEDS = ("", "b", "c")


def keep_capturing(values: dict[str, Any], log: Path) -> None:
    """What the flow of the capture does."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    resources = Resources.from_settings(Settings(**values))
    for tick in next_ticks(resources):
        pipeline.capture_feeds(tick, resources)


@pytest.fixture
def apis() -> Iterator[dict[str, NumberedApi]]:
    made = {name: NumberedApi() for name in FEEDS}
    yield made
    for api in made.values():
        api.shutdown()
        api.server_close()


def test_a_kill_costs_no_feed_a_tick_or_a_signal(apis: dict[str, NumberedApi], tmp_path: Path) -> None:
    chance = random.Random(SEED)
    values = {
        "data": str(tmp_path / "data"),
        "feed_url": apis[""].url,
        "feeds": " ".join(f"{name}=brt:{apis[name].url}" for name in FEEDS[1:]),
        "poll_seconds": int(STEP.total_seconds()),
        "window_minutes": 10,
        "clock": f"{NOON.isoformat()}@{time.time():.3f}x4",
    }
    for _ in range(KILLS):
        capture = processes.Process(target=keep_capturing, args=(values, tmp_path / "log"), daemon=True)
        capture.start()
        for _ in range(chance.randrange(1, 4)):
            asked = apis[chance.choice(FEEDS)].asked
            asked.clear()
            assert asked.wait(60), (tmp_path / "log").read_text()[-2000:]
        # A few milliseconds after one of them was asked, another is being written down.
        time.sleep(chance.uniform(0, 0.03))
        capture.kill()
        capture.join()
    resources = Resources.from_settings(Settings(**values))
    for each in resources.feeds:
        # What the next poll does first.
        with each.files.writing():
            repaired_window(each)
        assert_nothing_is_lost(each, apis[each.name])


def assert_nothing_is_lost(feed: Resources, api: NumberedApi) -> None:
    """Compare what the API of a feed sent with the feed's files, which are read without the code under test."""
    where = f"feed {feed.name!r}, seed {SEED}"
    windows = folders(feed.files.data / "windows")
    lines = [line for window in windows for line in ledger(window)]
    good = [line for line in lines if line["status"] in GOOD]
    answers = {line["body_sha256"] for line in good}
    assert answers, where
    assert answers == set().union(*(stored_answers(window.parent) for window in windows)), where
    ticks = Counter(moment(line["tick"]) for line in lines)
    grid = {on_grid(tick) for tick in ticks}
    assert set(ticks.values()) == {1}, where
    assert len(grid) == (max(grid) - min(grid)) // STEP + 1, f"{where}: every tick has its line"
    by_sha256 = {hashlib.sha256(answer.body).hexdigest(): answer for answer in api.answers}
    sent = {signal for sha256 in answers for signal in by_sha256[sha256].signals}
    kept = [tuple(row) for window in windows for row in _signals(rows(read(window, "brt.csv")))]
    assert len(kept) == len(set(kept)) == sum(int(line["records"]) for line in good), where
    assert set(kept) == {(code, str(stamp)) for code, stamp in sent}, where
    lost = [answer for sha256, answer in by_sha256.items() if answer.complete and sha256 not in answers]
    given_up = sum(line["status"] == "failed" for line in lines)
    assert len(lost) <= KILLS + given_up, f"{where}: a kill costs the answer that was on its way, and no more"


def _signals(table: list[list[str]]) -> Iterator[tuple[str, str]]:
    header, *records = table
    code, stamp = header.index("codigo"), header.index("dataHora")
    return ((record[code], record[stamp]) for record in records)
