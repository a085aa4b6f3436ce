"""Deriving one more window with dbt, after a day and after many days of history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from tests.made_vehicles import NOON

from bench import rig
from bench.history import make_history, repeat_history
from bench.load import REALISTIC
from bench.made_vehicles import Capture, Fleet
from bench.rig import Result, Took
from brt_watch import pipeline
from brt_watch.store.embedded import Server
from brt_watch.store.load import Loaded

SIGNALS_OF_A_DAY = 250_000
DAYS = 4
ROUNDS = 5


class Side:
    """A database with a history, windows to load into it, and how long their transforms took."""

    def __init__(self, data: Path, server: Server, days: int) -> None:
        address = rig.new_database(server, f"history_{days}")
        capture = Capture(data / str(days), Fleet(REALISTIC), database_url=address)
        self.resources = capture.resources
        self.times: list[Took] = []
        self.processor: list[float] = []
        """Seconds of processor time, of Postgres and of this process."""
        with self.resources.store.connection() as connection:
            make_history(connection, SIGNALS_OF_A_DAY, NOON - timedelta(hours=1))
        # The first run is a full one, and reads the project.
        pipeline.transform(self.resources)
        with self.resources.store.connection() as connection:
            repeat_history(connection, days - 1)
        self.windows = capture.windows(ROUNDS + 1)

    def step(self, number: int, server: Server) -> Loaded:
        """Load a window and derive the models from it."""
        loaded = pipeline.load(self.windows[number], self.resources)
        before = rig.server_processor(server)
        took = rig.timed(lambda: pipeline.transform(self.resources))
        self.times.append(took)
        self.processor.append(rig.server_processor(server) - before + took.processor / 1000)
        return loaded


def transform(days: int = DAYS) -> Iterator[Result]:
    """Derive the models after one more window of 29,250 records: N days of 250,000 signals against one."""
    with rig.folder() as data, rig.postgres() as server:
        short, long = Side(data, server, 1), Side(data, server, days)
        for number in range(ROUNDS + 1):
            short.step(number, server)
            loaded = long.step(number, server)
    signals = SIGNALS_OF_A_DAY * days
    note = f"one window of {loaded.records} records more, after {signals} signals of {days} days; plain: after one day"
    # The first of each reads the project once more.
    ours, plain = rig.wall(long.times[1:]) / 1000, rig.wall(short.times[1:]) / 1000
    yield Result("transform", "s", ours, plain, f"{note}; dbt within one process, its tests of the models included")
    ours, plain = median(long.processor[1:]), median(short.processor[1:])
    yield Result("transform_processor", "s", ours, plain, f"{note}; processor time of Postgres and dbt, all cores")
