"""The lake: size, write rate and queries over a year, each beside the plain way (Parquet as pandas writes it)."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
from pydantic import HttpUrl, SecretStr

from bench import rig
from bench.rig import Result
from bench.simulate import MIDNIGHT
from brt_watch import pipeline
from brt_watch.archive.importing import Import
from brt_watch.archive.lake import Lake
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Kind
from brt_watch.network import read_network
from brt_watch.resources import Resources
from brt_watch.settings import NO_POSTGRES, Settings
from brt_watch.simulate.history import history
from brt_watch.transform.runner import Derived

DAYS = 365
"""Of the year, made by repeating the simulated hours under other dates."""

PLAIN = "pandas' defaults, in the order of capture"


def lake(hours: int = 4) -> Iterator[Result]:
    """Fill the lake with N simulated hours: bytes a signal, signals/s; then query a year made of copies of that day."""
    with rig.folder() as data:
        resources = captured(data, hours)
        windows = resources.files.closed_windows()
        took, by_pandas = [], []
        for folder in windows:
            # A loaded window is packed and moved.
            by_pandas.append(rig.timed(partial(_add_by_pandas, folder, data / "added.parquet")))
            took.append(rig.timed(partial(pipeline.load, folder, resources)))
        (day,) = resources.lake.days()[-1:]
        with resources.lake.session() as session:
            ((signals,),) = session.execute("select count(*) from brt_raw").fetchall()
            ((of_day,),) = session.execute(f"select count(*) from brt_raw where data = date '{day}'").fetchall()
            frame = session.execute(f"select * from brt_raw where data = date '{day}' order by captured_at").df()
        records = sum(each.processor for each in took)
        rate_by_pandas = signals / sum(each.processor for each in by_pandas) * 1000
        note = (
            f"{signals} signals in {len(windows)} windows; processor time, with all rewriting of the day, checksums, "
            "packing; plain: read_csv, concat, drop_duplicates and to_parquet of pandas"
        )
        yield Result("lake_write", "signals/s", signals / records * 1000, rate_by_pandas, note)
        plain = data / "plain.parquet"
        frame.to_parquet(plain, index=False)
        size = resources.lake.day_file(day).stat().st_size
        note = f"{of_day} signals of a day, 20 columns; plain: {PLAIN}"
        yield Result("lake_size", "bytes/signal", size / of_day, plain.stat().st_size / of_day, note)
        yield from _year(resources.lake, day, plain, data)


def _add_by_pandas(window: Path, day: Path) -> None:
    """Add a window to a file as one would in a few lines: nothing is checked, and a kill can lose the file."""
    import pandas

    texts = {column.name: str for column in COLUMNS if column.kind in (Kind.TEXT, Kind.HEADING, Kind.JSON)}
    frame = pandas.read_csv(window / "brt.csv", dtype=texts)
    if day.exists():
        frame = pandas.concat([pandas.read_parquet(day), frame])
    frame.drop_duplicates(["codigo", "dataHora"]).to_parquet(day, index=False)


def captured(data: Path, hours: int) -> Resources:
    """Simulate some hours of a morning, and return the resources of a system without Postgres that captured them."""
    settings = Settings(
        data=data / "data", feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"), database_url=SecretStr(NO_POSTGRES)
    )
    simulation = simulate_into(settings, Simulation.beginning(MIDNIGHT))
    start = MIDNIGHT + timedelta(hours=8)
    for _ in history(settings, read_network(), simulation, start, start + timedelta(hours=hours)):
        pass
    return Resources.from_settings(settings)


QUERIES = {
    "lake_count": "select count(*) from sinais",
    "lake_hourly_speeds": (
        "select linha, epoch_us(datahora) // 3600000000 as hora, avg(velocidade) from sinais group by all"
    ),
    "lake_vehicle_day": "select * from sinais where codigo = '901017' and data = '{day}' order by datahora",
    "lake_stringline": (
        "select codigo, datahora, latitude, longitude from sinais where linha = '22' and data = '{day}' order by 1, 2"
    ),
}


def _year(lake: Lake, day: str, plain: Path, data: Path) -> Iterator[Result]:
    """Query a year. All its days have the content of one: what is measured is reading, not the dates."""
    for number in range(DAYS):
        name = f"data={date.fromisoformat(day) - timedelta(days=number + 400)}"
        for source, folder in ((lake.day_file(day), "year"), (plain, "plain_year")):
            target = data / folder / name / "sinais.parquet"
            target.parent.mkdir(parents=True)
            target.symlink_to(source)
    one = str(date.fromisoformat(day) - timedelta(days=500))
    for name, query in QUERIES.items():
        times = []
        for folder in ("year", "plain_year"):
            with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as session:
                session.execute(
                    f"create view sinais as from read_parquet('{data}/{folder}/*/*.parquet', hive_partitioning = true)"
                )
                text = query.format(day=one)
                times.append(rig.timed(lambda: session.execute(text).fetchall()).processor)  # noqa: B023 (runs here)
        note = f"processor time of all threads; {DAYS} days in the lake; plain: {PLAIN}"
        yield Result(name, "ms", times[0], times[1], note)


def lake_models(hours: int = 24) -> Iterator[Result]:
    """Derive all models of N simulated hours on DuckDB, from the lake, and on Postgres: seconds of processor time."""
    with rig.postgres() as server, rig.folder() as data:
        alone = captured(data, hours)
        url = rig.new_database(server, "models")
        resources = Resources.from_settings(alone.settings.model_copy(update={"database_url": url}))
        for folder in resources.files.closed_windows():
            pipeline.load(folder, resources)
        with resources.lake.session() as session:
            ((signals,),) = session.execute("select count(*) from brt_raw").fetchall()
        derived: list[Derived] = []
        took = rig.timed(lambda: derived.append(pipeline.transform(replace(resources, on_lake=True))))
        by_postgres = rig.timed(lambda: pipeline.transform(resources), server)
    walls = f"{took.wall / 1000:.0f}, {by_postgres.wall / 1000:.0f} s"
    note = f"{signals} signals, {derived[0].models} models with the start of dbt; by the wall {walls}; plain: Postgres"
    yield Result("lake_models", "s", took.processor / 1000, by_postgres.processor / 1000, note)


TABLE = """
select
    cast(901000 + i % 700 as varchar) as id_veiculo,
    timestamp '2022-06-30' + to_seconds(i // 14) as timestamp_gps,
    date_trunc('minute', timestamp '2022-06-30' + to_seconds(i // 14)) + interval '1 minute' as timestamp_captura,
    round(-22.9 - random() / 10, 6) as latitude,
    round(-43.3 - random() / 3, 6) as longitude,
    cast(i % 30 as varchar) as servico,
    'ITI IDA - 13 MATO ALTO X ALVORADA (EXPRESSO)' as sentido,
    i % 60 as velocidade
from range({rows}) as numbers(i)
"""
"""Rows in the form of the city's table: 700 vehicles, a signal each 50 s."""


def _write_table(file: Path, rows: int) -> None:
    """Write such a table in another process: its memory is not that of the import."""
    query = f"copy ({TABLE.format(rows=rows)}) to '{file}' (format parquet)"
    code = f"import duckdb; duckdb.sql({query!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def lake_import(copies: int = 1) -> Iterator[Result]:
    """Import N million rows of a table into the lake: rows/s of processor time, from the file to the lake."""
    with rig.folder() as data:
        file = data / "tabela.parquet"
        _write_table(file, copies * 1_000_000)
        settings = Settings(data=data / "data", database_url=SecretStr(NO_POSTGRES))
        source = Import.of(file, Resources.from_settings(settings))
        writing = rig.timed(lambda: list(source.write_table({}, [])))
        loading = rig.timed(lambda: list(source.load(pipeline.load)))
        rows = copies * 1_000_000
        shutil.rmtree(data / "data")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts = f"reading and windows {writing.processor / 1000:.1f} s, lake {loading.processor / 1000:.1f} s"
    note = f"{rows} rows; {parts}; peak memory {peak:.0f} MB"
    yield Result("lake_import", "rows/s", rows / (writing.processor + loading.processor) * 1000, None, note)
    wall = writing.wall + loading.wall
    yield Result("lake_import_wall", "rows/s", rows / wall * 1000, None, "the same by the wall, on all cores")


def postgres_import(thousands: int = 300) -> Iterator[Result]:
    """Import N thousand rows of the same table into Postgres (and the lake): rows/s of processor, and by the wall."""
    with rig.postgres() as server, rig.folder() as data:
        file = data / "tabela.parquet"
        rows = thousands * 1000
        _write_table(file, rows)
        settings = Settings(data=data / "data", database_url=rig.new_database(server, "imported"))
        source = Import.of(file, Resources.from_settings(settings))
        before = rig.server_processor(server)
        took = rig.timed(lambda: [*source.write_table({}, []), *source.load(pipeline.load)])
        of_postgres = (rig.server_processor(server) - before) * 1000
        seconds = f"{took.processor / 1000:.1f} s of this process, {of_postgres / 1000:.1f} s of Postgres"
        note = f"{rows} rows, from the file to the committed load, in the lake too; {seconds}"
        yield Result("postgres_import", "rows/s", rows / (took.processor + of_postgres) * 1000, None, note)
        note = "the same by the wall, on all cores"
        yield Result("postgres_import_wall", "rows/s", rows / took.wall * 1000, None, note)
