"""What the models recover of a simulation when polls are missing, beside the plain way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from bench import rig
from bench.rig import Result
from bench.simulate import HOUR
from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.simulate.history import history
from brt_watch.simulate.score import score as score_of

EVENING = datetime.fromisoformat("2026-03-26T18:55:00+00:00")
"""Five to four in Rio, on a Thursday; nothing was fitted on this evening or this seed."""

SEED = 123

EDGES = timedelta(minutes=10)
"""Waits are compared by whole hours, of which none is the first of the capture."""

VARIANTS = {"full": (1, 1.0), "one_a_minute": (3, 1.0), "lost_10": (1, 0.9), "lost_30": (1, 0.7)}
"""Of how many polls one is planned, and which share of these is taken."""


def _keeps(every: int, share: float, chance: random.Random, tick: datetime) -> bool:
    return tick.second % (20 * every) == 0 and chance.random() < share


def score(hours: int = 3) -> Iterator[Result]:
    """Score N simulated hours: full capture, one poll a minute, 10 and 30 % lost; against the plain way."""
    for name, (every, share) in VARIANTS.items():
        with rig.folder() as data, rig.postgres() as server:
            settings = Settings(data=data / "capture", database_url=rig.new_database(server, "score"))
            simulation = simulate_into(settings, Simulation.beginning(EVENING - timedelta(hours=1), SEED))
            keep = partial(_keeps, every, share, random.Random(SEED))
            for _ in history(settings, read_network(), simulation, EVENING, EVENING + hours * HOUR + EDGES, keep):
                pass
            resources = Resources.from_settings(settings)
            for folder in pipeline.windows_to_load(resources):
                pipeline.load(folder, resources)
            pipeline.transform(resources)
            figures = dict(score_of(settings).figures())
        for figure, value in figures.items():
            if value is not None and not figure.startswith("plain."):
                unit = "s" if "_s" in figure else "share"
                yield Result(f"score_{name} {figure}", unit, value, figures.get(f"plain.{figure}"), f"{hours} hours")
