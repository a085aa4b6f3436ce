"""Deriving all models of hours of a simulated BRT: from scratch, and from one more window."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

import psycopg

from bench import rig
from bench.rig import Result
from bench.simulate import DAY, HOUR, MORNING
from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.simulate.history import history
from brt_watch.store.embedded import Server
from brt_watch.transform.runner import Derived

INCREMENTS = 3
SLOWEST = 8


def refresh(hours: int = 6) -> Iterator[Result]:
    """Derive all models of N hours of 748 simulated vehicles, scaled up to a day, and of one more window."""
    with rig.folder() as data, rig.postgres() as server:
        settings = Settings(data=data / "capture", database_url=rig.new_database(server, "refresh"))
        resources = Resources.from_settings(settings)
        simulation = simulate_into(settings, Simulation.beginning(MORNING - timedelta(hours=1)))
        for _ in history(settings, read_network(), simulation, MORNING, MORNING + hours * HOUR):
            pass
        windows = pipeline.windows_to_load(resources)
        for folder in windows[:-INCREMENTS]:
            pipeline.load(folder, resources)
        pipeline.transform(resources)  # dbt is imported, the network is there
        signals = resources.store.totals().signals
        whole = Transform(server, resources, "--full-refresh")
        with psycopg.connect(resources.store.url, autocommit=True) as connection:
            started = time.perf_counter()
            connection.execute("create table plain as select * from brt_raw order by codigo, datahora")
            plain = time.perf_counter() - started
        increments = []
        for folder in windows[-INCREMENTS:]:
            pipeline.load(folder, resources)
            increments.append(Transform(server, resources))
    day = DAY / (hours * HOUR)
    note = f"{signals} signals of {hours} hours, scaled up to a day of {day * signals:.0f}; slowest: {whole.slowest}"
    yield Result(
        "refresh", "s", whole.wall * day, plain * day, f"{note}; plain: brt_raw sorted by vehicle into a table"
    )
    yield Result("refresh_processor", "s", whole.processor * day, None, f"{note}; of Postgres and dbt, all cores")
    note = f"one window more after {signals} signals of {hours} hours; slowest: {increments[-1].slowest}"
    yield Result("increment", "s", median(each.wall for each in increments), None, note)
    processor = median(each.processor for each in increments)
    yield Result("increment_processor", "s", processor, None, f"{note}; of Postgres and dbt, all cores")


class Transform:
    """How long a transform took, in seconds."""

    def __init__(self, server: Server, resources: Resources, *arguments: str) -> None:
        derived: list[Derived] = []
        took = rig.timed(lambda: derived.append(pipeline.transform(resources, *arguments)), server)
        self.wall, self.processor = took.wall / 1000, took.processor / 1000
        by_seconds = sorted(derived[0].seconds_of.items(), key=lambda model: -model[1])
        self.slowest = ", ".join(f"{name} {seconds:.1f}" for name, seconds in by_seconds[:SLOWEST])
