"""Storing a poll: our capture against pandas, and whether it stays as fast after many polls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from tests.made_vehicles import NOON

from bench import rig
from bench.made_vehicles import VEHICLES, Capture, Fleet
from bench.rig import Result, Took

ROUNDS = 60
MANY = 1_500


def store_poll(rounds: int = ROUNDS) -> Iterator[Result]:
    """Store a poll of 750 vehicles: our capture against pandas appending to one CSV, and rewriting it; N polls."""
    ours: list[Took] = []
    append: list[Took] = []
    rewrite: list[Took] = []
    pandas = rig.pandas()
    with rig.folder() as data:
        capture = Capture(data / "ours", Fleet())
        for number, poll in enumerate(islice(capture.polls(), rounds)):
            plain = partial(_frame, pandas, capture.feed.body, capture.clock.now())
            ways = [(ours, poll)]
            if pandas:
                ways += [
                    (append, partial(_append, plain, data / "append.csv")),
                    (rewrite, partial(_rewrite, pandas, plain, data / "rewrite.csv")),
                ]
            turn = number % len(ways)
            for times, way in ways[turn:] + ways[:turn]:
                times.append(rig.timed(way))
    size = len(capture.feed.body)
    what = f"{VEHICLES} vehicles, {size / 1000:.0f} kB; ours: raw answer, CSV and ledger, each synced to the disk"
    yield from _both("store_poll", ours, append, f"{what}; plain: pandas appends to one CSV, nothing synced")
    half = f"half-way it has {rounds // 2 * VEHICLES} rows"
    yield from _both(
        "store_poll_seed", ours, rewrite, f"plain: pandas reads the CSV, adds the poll, writes all; {half}"
    )


def _both(name: str, ours: list[Took], plain: list[Took], note: str) -> Iterator[Result]:
    for suffix, unit, middle in (("cpu", "ms of processor", rig.processor), ("wall", "ms", rig.wall)):
        beside = middle(plain) if plain else None
        yield Result(f"{name}_{suffix}", unit, middle(ours), beside, note if plain else rig.NO_PANDAS)


def _frame(pandas: Any, body: bytes, at: datetime) -> Any:
    return pandas.DataFrame(msgspec.json.decode(body)["veiculos"]).assign(captured_at=at)


def _append(frame: Callable[[], Any], path: Path) -> None:
    frame().to_csv(path, mode="a", header=not path.exists(), index=False)


def _rewrite(pandas: Any, frame: Callable[[], Any], path: Path) -> None:
    old = [pandas.read_csv(path)] if path.exists() else []
    pandas.concat([*old, frame()]).to_csv(path, index=False)


def store_poll_flat(polls: int = MANY) -> Iterator[Result]:
    """Store N polls, windows closing and not loaded: the last tenth against 5 % to 15 %, to see that it stays flat."""
    times: list[float] = []
    with rig.folder() as data:
        capture = Capture(data, Fleet(), start=NOON)
        for poll in islice(capture.polls(), polls):
            times.append(rig.timed(poll).processor)
        windows = len(capture.resources.files.closed_windows())
    early, late = times[polls // 20 : polls * 3 // 20], times[polls * 9 // 10 :]
    yield Result(
        "store_poll_flat",
        "ms of processor",
        median(late),
        median(early),
        f"ours: polls {polls * 9 // 10} to {polls}; plain: ours too, polls {polls // 20} to {polls * 3 // 20}; "
        f"{windows} closed windows wait at the end",
    )
