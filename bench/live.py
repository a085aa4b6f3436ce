"""The live engine: from a poll on disk to the derived rows of all live models."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import psutil

from bench import rig
from bench.rig import Result
from bench.simulate import MORNING
from brt_watch import disk
from brt_watch.capture.ledger import csv_lines
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.capture.window import CSV, read_ledger
from brt_watch.model import Poll
from brt_watch.network import read_network
from brt_watch.settings import Settings
from brt_watch.simulate.history import history
from brt_watch.transform.compiled import compiled
from brt_watch.transform.live import LiveEngine

MEASURED = 9
MEGABYTE = 1_000_000


def live(minutes: int = 30) -> Iterator[Result]:
    """Derive all live models after each poll, N minutes in memory, for one simulated fleet (748) and for ten of it."""
    with rig.folder() as data:
        settings = Settings(data=data)
        simulation = simulate_into(settings, Simulation.beginning(MORNING - timedelta(hours=1)))
        for _ in history(settings, read_network(), simulation, MORNING, MORNING + timedelta(minutes=minutes)):
            pass
        polls = list(_polls(settings))
        models = compiled(settings.folder)
        for fleets in (1, 10):
            engine = LiveEngine(models, spill=settings.folder / "run" / "duckdb")
            first = polls[:-MEASURED]
            engine.take([poll for poll, _ in first], b"".join(_times(lines, fleets) for _, lines in first))
            engine.derive()
            until_the_map, times = [], []
            for poll, lines in polls[-MEASURED:]:
                many = _times(lines, fleets)
                until_the_map.append(rig.timed(partial(_take, engine, poll, many)))
                rest = rig.timed(engine.derive_rest)
                times.append(rig.Took(until_the_map[-1].wall + rest.wall, until_the_map[-1].processor + rest.processor))
            apart = rig.timed(engine.derive_apart)
            rows = engine.rows("select count(*) from public.gps_brt")[0][0]
            size = psutil.Process().memory_full_info().pss / MEGABYTE
            engine.close()
            yield Result(
                f"live_{fleets * 750}",
                "s",
                rig.processor(times) / 1000,
                None,
                f"processor time of a poll, {rig.processor(until_the_map) / 1000:.2f} s of it until the map has it, "
                f"{rows} rows of gps_brt in memory, {size:.0f} MB PSS of this process",
            )
            note = "processor time of viagens and passagens, which are made apart from the polls"
            yield Result(f"live_apart_{fleets * 750}", "s", apart.processor / 1000, None, note)


def _polls(settings: Settings) -> Iterator[tuple[Poll, bytes]]:
    for folder in sorted((settings.folder / "windows").iterdir()):
        data, begin = disk.read(folder / CSV), 0
        for line in read_ledger(folder):
            part = data[begin : line.csv_bytes]
            yield line.poll, part if begin else part[part.find(b"\n") + 1 :]
            begin = line.csv_bytes


def _times(lines: bytes, fleets: int) -> bytes:
    """Return the records of several fleets: the same buses under other codes."""
    if fleets == 1:
        return lines
    rows = list(csv.reader(io.StringIO(lines.decode(), newline="")))
    # Nothing is null: an empty text does as well here.
    return b"".join(
        csv_lines((row[0], f"{fleet}{row[1]}", *(value or None for value in row[2:])) for row in rows)
        for fleet in range(fleets)
    )


def _take(engine: LiveEngine, poll: Poll, lines: bytes) -> None:
    engine.take([poll], lines)
    engine.derive_first()
