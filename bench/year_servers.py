"""The queries of a year on Spark, and those of a week on Postgres, for comparison with DuckDB on the lake."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psutil
import psycopg

from bench import rig
from bench.rig import Took
from brt_watch.archive.lake import COLUMNS_OF_LAKE
from brt_watch.errors import SparkFailed
from brt_watch.transform.spark import check_installed, spark_session
from brt_watch.transform.spark_cluster import local_cluster

WORKERS = (1, 2)

IN_POSTGRES = {
    "count": "select count(*) from brt_raw",
    "hourly_speeds": (
        "select cast(datahora - interval '6 hours' as date), linha, date_trunc('hour', datahora), avg(velocidade) "
        "from brt_raw group by 1, 2, 3"
    ),
    "vehicle_day": (
        "select * from brt_raw where codigo = '901017' and datahora >= timestamptz '{day} 06:00:00+00' "
        "and datahora < timestamptz '{day} 06:00:00+00' + interval '1 day' order by datahora"
    ),
    "stringline": (
        "select codigo, datahora, latitude, longitude from brt_raw where linha = '22' "
        "and datahora >= timestamptz '{day} 06:00:00+00' "
        "and datahora < timestamptz '{day} 06:00:00+00' + interval '1 day' order by 1, 2"
    ),
}


def on_postgres(folder: Path, first: date, days: int, one: date) -> Iterator[tuple[str, Took]]:
    """Load days into brt_raw, and time each query there, where the pages are in memory.

    The processor time is that of Postgres, on all its cores.
    """
    columns = [name for name in COLUMNS_OF_LAKE if not name.endswith("_exata")]
    with rig.postgres() as server:
        url = rig.new_database(server, "week").get_secret_value()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set time zone 'UTC'")
            for day in (first, first + timedelta(days=days)):
                connection.execute("select brt_ensure_month(%s)", [day])
            for number in range(days):
                _copy(folder / f"data={first + timedelta(days=number)}" / "sinais.parquet", columns, connection)
            connection.execute("vacuum (analyze) brt_raw")
            for name, query in IN_POSTGRES.items():
                text = query.format(day=one)
                runs = [
                    _timed(partial(_fetch, connection, text), partial(rig.server_processor, server)) for _ in range(2)
                ]
                yield name, min(runs, key=lambda each: each.wall)


def _copy(file: Path, columns: list[str], connection: psycopg.Connection[Any]) -> None:
    listed = ", ".join(columns)
    rows = file.with_suffix(".csv")
    # Where a repeated hour begins, it meets late signals of the one before.
    once = f"select distinct on (datahora, codigo) {listed} from '{file}' order by datahora, codigo"
    duckdb.execute(f"set TimeZone = 'UTC'; copy ({once}) to '{rows}' (format csv, header false)")
    with connection.cursor().copy(f"copy brt_raw ({listed}) from stdin (format csv)") as copy, rows.open("rb") as read:
        while piece := read.read(1 << 20):
            copy.write(piece)
    rows.unlink()


def _fetch(connection: psycopg.Connection[Any], query: str) -> None:
    connection.execute(query).fetchall()


def on_spark(folder: Path, queries: dict[str, str], logs: Path) -> Iterator[tuple[str, int, Took]]:
    """Time each query on Spark, with each number of workers; nothing where Spark is not installed.

    The processor time is that of all processes of Spark: master, workers, executors, the driver and this one.
    """
    try:
        check_installed()
    except SparkFailed:
        return
    for workers in WORKERS:
        with ExitStack() as stack:
            master = stack.enter_context(local_cluster(logs, workers, memory="2g")).master
            session = stack.enter_context(spark_session(master))
            read = session.read.option("basePath", str(folder)).parquet(f"{folder}/data=*")
            read.createOrReplaceTempView("sinais")
            for name, query in queries.items():
                runs = [_timed(session.sql(_in_spark(query)).toArrow, _family_processor) for _ in range(2)]
                yield name, workers, min(runs, key=lambda each: each.processor)
        _end_driver()


def _end_driver() -> None:
    """End the Java of the driver: it knows the secret of its cluster, and not that of the next one."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


def _in_spark(query: str) -> str:
    return query.replace("epoch_us(datahora) // 3600000000", "unix_micros(datahora) div 3600000000")


def _timed(action: Callable[[], object], processor: Callable[[], float]) -> Took:
    before = processor()
    took = rig.timed(action)
    return Took(took.wall, (processor() - before) * 1000)


def _family_processor() -> float:
    """Return the processor time of this process and all below it, in seconds."""
    us = psutil.Process(os.getpid())
    return sum(sum(each.cpu_times()[:2]) for each in [us, *us.children(recursive=True)])
