"""Deriving one more window with dbt, after little and after much history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.fleet import NOON

from bench import rig
from bench.fleet import Capture, Fleet
from bench.history import make_history
from bench.load import REALISTIC
from bench.rig import Result, Took
from brt_watch import pipeline
from brt_watch.postgres import Server
from brt_watch.store import Loaded

SMALL = 30_000
LARGE = 1_000_000
ROUNDS = 5


class Side:
    """A database with a history, windows to load into it, and how long their transforms took."""

    def __init__(self, data: Path, server: Server, signals: int) -> None:
        address = rig.new_database(server, f"history_{signals}")
        capture = Capture(data / str(signals), Fleet(REALISTIC), database_url=address)
        self.parts = capture.parts
        self.times: list[Took] = []
        with self.parts.store.connection() as connection:
            make_history(connection, signals, NOON - timedelta(hours=1))
        # The first run is a full one, and reads the project.
        pipeline.transform(self.parts)
        self.windows = capture.windows(ROUNDS)

    def step(self, number: int) -> Loaded:
        """Load a window and derive the models from it."""
        loaded = pipeline.load(self.windows[number], self.parts)
        self.times.append(rig.timed(lambda: pipeline.transform(self.parts)))
        return loaded


def transform(signals: int = LARGE) -> Iterator[Result]:
    """Derive the models after one more window of 29,250 records: N signals of history against 30,000."""
    with rig.folder() as data, rig.postgres() as server:
        small, large = Side(data, server, SMALL), Side(data, server, signals)
        for number in range(ROUNDS):
            small.step(number)
            loaded = large.step(number)
    note = f"one window of {loaded.records} records more; ours: after {signals} signals; plain: ours too, after {SMALL}"
    ours, plain = rig.wall(large.times) / 1000, rig.wall(small.times) / 1000
    yield Result("transform", "s", ours, plain, f"{note}; dbt within one process, its tests of the models included")
