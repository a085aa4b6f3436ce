"""A year in the lake, made of simulated hours under other dates; queries beside the plain way.

A week is written, and its files stand under the dates of the year as links: a query opens and reads as many files and
signals as in a year, and groups them by the date of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb

from bench import rig
from bench.lake import PLAIN, captured
from bench.rig import Result
from bench.simulate import MIDNIGHT
from bench.year_servers import on_postgres, on_spark
from brt_watch import pipeline
from brt_watch.archive.lake import COLUMNS_OF_LAKE
from brt_watch.archive.lake_files import OPTIONS
from brt_watch.store.duck import quoted

HOURS, TIMES = 2, 3
"""A day consists of HOURS simulated hours, repeated TIMES times: about 450,000 signals."""

WEEK = 7
"""The days that are written, also by pandas."""

LAST = MIDNIGHT.date()

QUERIES = {
    "count": "select count(*) from sinais",
    "hourly_speeds": (
        "select data, linha, epoch_us(datahora) // 3600000000, avg(velocidade) from sinais group by 1, 2, 3"
    ),
    "vehicle_day": "select * from sinais where codigo = '901017' and data = '{day}' order by datahora",
    "stringline": (
        "select codigo, datahora, latitude, longitude from sinais where linha = '22' and data = '{day}' order by 1, 2"
    ),
}
ONE_DAY = LAST - timedelta(days=3)


def year(days: int = 365) -> Iterator[Result]:
    """Put N days of 450,000 signals into a lake (365: 165 million), and query them beside pandas, Spark, Postgres."""
    with rig.folder() as data:
        resources = captured(data, HOURS)
        for window in resources.files.closed_windows():
            pipeline.load(window, resources)
        day = resources.lake.day_file(LAST)
        with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as session:
            session.execute("set TimeZone = 'UTC'")
            for number in range(WEEK):
                _write_day(session, day, data / "year", number)
                _write_by_pandas(session, data, number)
            for folder in ("year", "plain"):
                _link(data / folder, days)
            signals = _count(session, data / "year")
        yield from _compared(data, signals, days)


def _write_day(session: duckdb.DuckDBPyConnection, day: Path, folder: Path, number: int) -> None:
    """Write the day `number` days before the last one, by repeating the simulated hours."""
    path = folder / f"data={LAST - timedelta(days=number)}" / "sinais.parquet"
    path.parent.mkdir(parents=True)
    shift = f"to_hours({HOURS} * copy - {24 * number})"
    moments = ", ".join(f"{name} + {shift} as {name}" for name in ("datahora", "captured_at", "tick"))
    session.execute(
        f"copy (select {', '.join(COLUMNS_OF_LAKE)} from (select * replace ({moments}) from {quoted(day)} "
        f"cross join range({TIMES}) as copies (copy)) order by codigo, datahora) to {quoted(path)} {OPTIONS}"
    )


def _write_by_pandas(session: duckdb.DuckDBPyConnection, data: Path, number: int) -> None:
    name = f"data={LAST - timedelta(days=number)}/sinais.parquet"
    query = "select * replace (cast(latitude as double) as latitude, cast(longitude as double) as longitude)"
    frame = session.execute(f"{query} from {quoted(data / 'year' / name)} order by captured_at").df()
    (data / "plain" / name).parent.mkdir(parents=True)
    frame.to_parquet(data / "plain" / name, index=False)


def _link(folder: Path, days: int) -> None:
    """Put the week under the dates before it."""
    for number in range(WEEK, days):
        name = folder / f"data={LAST - timedelta(days=number)}" / "sinais.parquet"
        name.parent.mkdir()
        name.symlink_to(folder / f"data={LAST - timedelta(days=number % WEEK)}" / "sinais.parquet")


def _count(session: duckdb.DuckDBPyConnection, folder: Path) -> int:
    ((found,),) = session.execute(f"select count(*) from read_parquet('{folder}/*/*.parquet')").fetchall()
    return int(found)


def _ask(folder: Path, name: str, days: int) -> rig.Took:
    """Time a query on the newest days of a folder, in a session of its own; the better of two."""
    files = [str(folder / f"data={LAST - timedelta(days=number)}" / "sinais.parquet") for number in range(days)]
    text = QUERIES[name].format(day=ONE_DAY)
    took = []
    for _ in range(2):
        with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as session:
            session.execute(f"create view sinais as from read_parquet({files}, hive_partitioning = true)")
            took.append(rig.timed(lambda: session.execute(text).fetchall()))
    return min(took, key=lambda each: each.processor)


def _compared(data: Path, signals: int, days: int) -> Iterator[Result]:
    there = f"{signals} signals"
    ours = {}
    for name in QUERIES:
        ours[name], plain = (_ask(data / folder, name, days) for folder in ("year", "plain"))
        yield _result(f"year_{name}", ours[name], plain, f"{there}; plain: {PLAIN}")
    queries = {name: query.format(day=ONE_DAY) for name, query in QUERIES.items()}
    for name, workers, spark in on_spark(data / "year", queries, data / "logs"):
        yield _result(f"year_{name}_spark_{workers}", spark, ours[name], f"{there}, {workers} workers; plain: DuckDB")
    for name, postgres in on_postgres(data / "year", LAST - timedelta(days=WEEK - 1), WEEK, ONE_DAY):
        week = _ask(data / "year", name, WEEK)
        yield _result(f"week_{name}", week, postgres, f"{there} / {days} * {WEEK}; plain: Postgres")


def _result(name: str, ours: rig.Took, plain: rig.Took, note: str) -> Result:
    by_the_wall = f"processor time; by the wall {ours.wall:.0f}, {plain.wall:.0f} ms"
    return Result(name, "ms", ours.processor, plain.processor, f"{by_the_wall}; {note}")
