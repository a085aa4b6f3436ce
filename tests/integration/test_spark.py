"""The models on Spark: the rows of Postgres and DuckDB, also when a worker dies. Run by `make test-spark`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import pytest

from brt_watch import pipeline
from brt_watch.clock import StillClock
from brt_watch.errors import SparkFailed
from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from brt_watch.transform.city import project_of, statements_of
from brt_watch.transform.spark import SparkModels, check_installed, spark_session
from brt_watch.transform.spark_cluster import Cluster, local_cluster
from tests import shared_postgres
from tests.conftest import make_settings
from tests.integration.captured import query
from tests.integration.marts import MARTS, on_lake, table
from tests.integration.simulated import load_simulated
from tests.small_city import small_city

START = datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc)
MINUTES = 52

QUICK = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""For a few thousand rows: what takes the time is the compiler of Java."""


@pytest.fixture(scope="module", autouse=True)
def spark() -> None:
    try:
        check_installed()
    except SparkFailed as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def loaded(
    spark: None, tmp_path_factory: pytest.TempPathFactory, server: Server, template_with_network: str, worker_id: str
) -> Resources:
    """Most of an hour of a small city in Postgres and in the lake, and the models derived in both."""
    address = shared_postgres.create(server, f"spark_{worker_id}", template_with_network)
    settings = make_settings(tmp_path_factory.mktemp("spark"), database_url=address)
    clock = StillClock(START + timedelta(minutes=MINUTES))
    resources = replace(Resources.from_settings(settings), clock=clock)
    load_simulated(resources, START, MINUTES, small_city())
    pipeline.transform(resources)
    pipeline.transform(replace(resources, on_lake=True))
    return resources


@pytest.fixture(scope="module")
def cluster(loaded: Resources) -> Iterator[Cluster]:
    with local_cluster(loaded.settings.folder / "logs" / "spark") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def derived(loaded: Resources, cluster: Cluster) -> Iterator[Any]:
    """The models on a cluster that loses one of its two workers in the middle."""
    folder = loaded.settings.folder
    with spark_session(cluster.master, QUICK) as session:
        models = SparkModels(session, str(loaded.lake.folder), statements_of(folder), project_of(folder))
        for model in models.derive(loaded.clock):
            if model.name == "gps_brt":
                Timer(0.5, cluster.kill, [0]).start()
        yield session


def test_every_mart_is_equal_on_all_engines(loaded: Resources, cluster: Cluster, derived: Any) -> None:
    assert cluster.workers[0].poll() is not None, "no worker died"
    different = {}
    for name in MARTS:
        expected = query(loaded, f"select * from {name}")
        columns = set(expected[0]) if expected else set()
        spark = [{key: row[key] for key in columns} for row in derived.table(name).collect()]
        duckdb = [{key: row[key] for key in columns} for row in on_lake(loaded, name)]
        if not table(expected) == table(duckdb) == table(spark):
            different[name] = (table(expected), table(duckdb), table(spark))
    assert not different
    assert len(query(loaded, "select 1 from viagens")) > 20


def test_a_run_counts_when_it_is_whole(loaded: Resources, derived: Any) -> None:
    (run,) = (loaded.lake.folder / "spark").iterdir()
    assert run.name == f"run={loaded.clock.now():%Y%m%dT%H%M%SZ}"
    assert (run / "_DONE").exists()
    ((trips,),) = duckdb.execute(f"select count(*) from read_parquet('{run}/viagens/*.parquet')").fetchall()
    assert trips == len(query(loaded, "select 1 from viagens"))
    # The links to the files of the lake are gone.
    assert [path for path in loaded.lake.folder.glob(".work-*") if path.is_dir()] == []


def test_nobody_else_gets_the_secret(cluster: Cluster, derived: Any) -> None:
    """On a machine with other users: who does not know it cannot run anything on the cluster."""
    secret = derived.conf.get("spark.authenticate.secret")
    assert len(secret) == 64
    said = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_readable(path)]
    assert not [line for line in said if secret.encode() in line]


def _is_readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
