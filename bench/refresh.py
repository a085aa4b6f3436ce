"""Deriving everything from scratch: all models of hours of a simulated BRT."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

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


def refresh(hours: int = 6) -> Iterator[Result]:
    """Derive all models of N hours of 748 simulated vehicles, scaled up to a day; against writing the signals out."""
    with rig.folder() as data, rig.postgres() as server:
        settings = Settings(data=data / "capture", database_url=rig.new_database(server, "refresh"))
        resources = Resources.from_settings(settings)
        simulation = simulate_into(settings, Simulation.beginning(MORNING - timedelta(hours=1)))
        for _ in history(settings, read_network(), simulation, MORNING, MORNING + hours * HOUR):
            pass
        for folder in pipeline.windows_to_load(resources):
            pipeline.load(folder, resources)
        pipeline.transform(resources)  # dbt is imported, the network is there
        signals = resources.store.totals().signals
        before = rig.server_processor(server)
        took = rig.timed(lambda: pipeline.transform(resources, "--full-refresh"))
        processor = rig.server_processor(server) - before + took.processor / 1000
        with psycopg.connect(resources.store.url, autocommit=True) as connection:
            started = time.perf_counter()
            connection.execute("create table plain as select * from brt_raw order by codigo, datahora")
            plain = time.perf_counter() - started
    day = DAY / (hours * HOUR)
    note = f"{signals} signals of {hours} hours, scaled up to a day of {day * signals:.0f}"
    yield Result(
        "refresh", "s", took.wall / 1000 * day, plain * day, f"{note}; plain: brt_raw sorted by vehicle into a table"
    )
    yield Result(
        "refresh_processor", "s", processor * day, None, f"{note}; processor time of Postgres and dbt, all cores"
    )
