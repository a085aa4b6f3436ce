"""The models on Spark: the rows of Postgres and DuckDB, also when a worker dies. Run by `make test-spark`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import psutil
import pytest

from brt_watch import pipeline
from brt_watch.clock import StillClock
from brt_watch.errors import SparkFailed
from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from brt_watch.transform.city import project_of, statements_of
from brt_watch.transform.spark import SparkModels, check_installed, spark_session
from brt_watch.transform.spark_cluster import Cluster, local_cluster
from brt_watch.transform.spark_storage import storage_of
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


@dataclass(frozen=True)
class OnSpark:
    """The rows of every mart on Spark, and the secret of its session."""

    rows: dict[str, list[dict[str, Any]]]
    secret: str


@pytest.fixture(scope="module")
def derived(loaded: Resources, cluster: Cluster) -> OnSpark:
    """The models on a cluster that loses one of its two workers in the middle."""
    folder = loaded.settings.folder
    compiled = statements_of(folder)
    rows = {}
    with spark_session(cluster.master, QUICK) as session:
        for model in SparkModels(session, str(loaded.lake.folder), compiled, project_of(folder)).derive(loaded.clock):
            if model.name == "gps_brt":
                Timer(0.5, cluster.kill, [0]).start()
            if model.name == compiled.models[-1].name:
                # Views may read the snapshot of the lake, which goes with the end of the run.
                rows = {name: [row.asDict() for row in session.table(name).collect()] for name in MARTS}
        return OnSpark(rows, session.conf.get("spark.authenticate.secret"))


def test_every_mart_is_equal_on_all_engines(loaded: Resources, cluster: Cluster, derived: OnSpark) -> None:
    assert cluster.workers[0].poll() is not None, "no worker died"
    different = {}
    for name in MARTS:
        expected = query(loaded, f"select * from {name}")
        columns = set(expected[0]) if expected else set()
        spark = [{key: row[key] for key in columns} for row in derived.rows[name]]
        duckdb = [{key: row[key] for key in columns} for row in on_lake(loaded, name)]
        if not table(expected) == table(duckdb) == table(spark):
            different[name] = (table(expected), table(duckdb), table(spark))
    assert not different
    assert len(query(loaded, "select 1 from viagens")) > 20


def test_a_run_counts_when_it_is_whole(loaded: Resources, derived: OnSpark) -> None:
    (run,) = (loaded.lake.folder / "spark").iterdir()
    assert run.name == f"run={loaded.clock.now():%Y%m%dT%H%M%SZ}"
    assert (run / "_DONE").exists()
    ((trips,),) = duckdb.execute(f"select count(*) from read_parquet('{run}/viagens/*.parquet')").fetchall()
    assert trips == len(query(loaded, "select 1 from viagens"))
    # The links to the files of the lake are gone.
    assert [path for path in loaded.lake.folder.glob(".work-*") if path.is_dir()] == []


def test_nobody_else_gets_the_secret(cluster: Cluster, derived: OnSpark) -> None:
    """On a machine with other users: who does not know it cannot run anything on the cluster."""
    assert len(derived.secret) == 64
    said = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_readable(path)]
    assert not [line for line in said if derived.secret.encode() in line]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(loaded: Resources, how: signal.Signals) -> None:
    folder = loaded.settings.folder
    environment = {"BRT_WATCH_DATA": str(folder), "BRT_WATCH_DATABASE_URL": "none"}
    command = [sys.executable, "-m", "brt_watch", "lake", "spark"]
    with subprocess.Popen(
        command,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
        # Programs in the background of a shell ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as program:
        assert program.stderr
        # The first model is made: all processes are there.
        said = [program.stderr.readline()]
        while not re.search(r"\w+: [\d.]+ s", said[-1]):
            assert said[-1], said
            said.append(program.stderr.readline())
        family = psutil.Process(program.pid).children(recursive=True)
        assert [each.name() for each in family].count("java") >= 4
        program.send_signal(how)
        program.stderr.read()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [each.cmdline() for each in alive] == []
    if how is not signal.SIGKILL:
        assert not list(loaded.lake.folder.glob(".work-*")), "the links to the lake are gone"


def test_storage_is_asked_with_the_settings_of_lake_push(loaded: Resources) -> None:
    """As far as it can be tried without hadoop-aws, whose absence is named."""
    environment = {"BRT_WATCH_DATA": str(loaded.settings.folder), "BRT_WATCH_DATABASE_URL": "none"}
    at = "s3://bucket/brt?endpoint_override=127.0.0.1:9&scheme=http"
    command = [sys.executable, "-m", "brt_watch", "lake", "spark", "--master", "local[1]", "--at", at]
    refused = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert refused.returncode == 1
    assert re.search(
        r"no library for this storage \(hadoop-aws, org.apache.hadoop:hadoop-aws:3[.\d]+\)", refused.stderr
    )
    asked, options = storage_of(at)
    code = (
        "from brt_watch.transform.spark import spark_session\n"
        f"with spark_session('local[1]', {options!r}) as session:\n"
        "    found = session._jsc.hadoopConfiguration()\n"
        "    print(found.get('fs.s3a.endpoint'), found.get('fs.s3a.access.key'))\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | keys, capture_output=True, text=True)
    assert (asked, done.stdout) == ("s3a://bucket/brt", "http://127.0.0.1:9 id\n")


def _is_readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
