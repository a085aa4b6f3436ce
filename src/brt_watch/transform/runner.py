"""The only access to dbt: it builds the models of `dbt/` in this process.

dbt takes five seconds to import and a tenth of that to run a second time, so it stays in the process.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from brt_watch import disk
from brt_watch.errors import TransformFailed
from brt_watch.network import SEEDS
from brt_watch.network.city import city_of
from brt_watch.settings import Settings
from brt_watch.transform.city import project_of
from brt_watch.transform.compiled import project_key

DBT_PROJECT = Path(__file__).resolve().parent / "dbt"

INCREMENTAL = "materialized='incremental'"

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads the descriptions in a tenth of a second; without it Python takes more than one."""


@dataclass(frozen=True)
class Derived:
    """The result of a dbt run."""

    models: int
    tests: int
    seconds: float
    seconds_of: Mapping[str, float] = field(default_factory=dict)
    """Of each model and test, by name, for benchmarks."""

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for a log event."""
        return {"models": self.models, "tests": self.tests}


def network_sha256(seeds: Path = SEEDS) -> str:
    """Return the checksum of the reference files, which identifies the network."""
    sums = [disk.sha256(path) for path in sorted(seeds.iterdir())]
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def definitions_sha256(data: Path) -> str:
    """Return the checksum of what is built only when it changes: the network, the views, and how they are made."""
    return hashlib.sha256((network_sha256(city_of(data).seeds) + project_key(project_of(data))).encode()).hexdigest()


def incremental_tables(data: Path) -> dict[str, set[str]]:
    """Return the columns of each model whose table outlives a run, as its description has them."""
    models = project_of(data) / "models"
    kept = {path.stem for path in models.rglob("*.sql") if INCREMENTAL in path.read_text(encoding="utf-8")}
    return {
        model["name"]: {column["name"] for column in model["columns"]}
        for model in described_models(models)
        if model["name"] in kept
    }


def described_models(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the models that the YAML files below a folder describe, by file."""
    for file in sorted(folder.rglob("*.yml")):
        yield from yaml.load(file.read_text(encoding="utf-8"), LOADER).get("models", [])


def build(settings: Settings, connection: dict[str, str], *arguments: str, with_network: bool = True) -> Derived:
    """Build the models and run their data tests; raises TransformFailed with the first failure.

    `with_network` also loads the reference files and builds the models that depend on them alone, and the views, which
    takes about ten seconds. `arguments` are added to dbt's, for example `--full-refresh`. `make test` runs the models'
    unit tests.
    """
    excluded = ["--exclude-resource-type", "unit_test"]
    if not with_network:
        excluded += ["--exclude-resource-type", "seed", "--exclude", "tag:rede"]
        if not arguments:
            # A view stays as it is, unless a full refresh drops the table below it.
            excluded.append("config.materialized:view")
    # Skip dbt's artifacts: nobody reads them, and writing them takes a third of a run.
    return run_dbt(settings, connection, ["--no-write-json", "build"], *excluded, *arguments)


def run_dbt(settings: Settings, connection: dict[str, str], command: Sequence[str], *arguments: str) -> Derived:
    """Run a dbt command on the project; raises TransformFailed."""
    from dbt.cli.main import dbtRunner

    started = time.perf_counter()
    # A folder for each engine: dbt parses the whole project again, for seconds, where the other one's parse lies.
    work = settings.folder / "dbt" / ("duckdb" if "duckdb" in connection else "")
    logs = settings.folder / "logs"
    project = project_of(settings.folder)
    with _environment(connection):
        result = dbtRunner().invoke(
            [
                *("--no-send-anonymous-usage-stats", "--no-use-colors", "--log-level", "warn"),
                *("--log-path", str(logs), *command, "--project-dir", str(project)),
                *("--profiles-dir", str(project), "--target-path", str(work), *arguments),
                *(("--target", "duckdb") if "duckdb" in connection else ()),
            ]
        )
    if "duckdb" in connection:
        _close_duckdb()
    if not result.success:
        raise TransformFailed(reason=_reason(result), log=logs / "dbt.log")
    done = getattr(result.result, "results", [])
    models = sum(each.node.resource_type in ("model", "seed", "snapshot") for each in done)
    seconds_of = {each.node.name: each.execution_time for each in done}
    return Derived(models, len(done) - models, round(time.perf_counter() - started, 3), seconds_of)


def _close_duckdb() -> None:
    """Close the file of the models, which dbt would keep open, and locked, as long as this process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    close: Callable[[], None] = DuckDBConnectionManager.close_all_connections
    close()


def _reason(result: Any) -> str:
    if result.exception:
        return " ".join(str(result.exception).split())
    failed = [node for node in result.result.results if node.status in ("error", "fail")]
    return "; ".join(f"{node.node.name}: {' '.join((node.message or node.status).split())}" for node in failed)


@contextmanager
def _environment(connection: dict[str, str]) -> Iterator[None]:
    """Give dbt's profile the database address while dbt runs, and hide the user's own DBT_ settings.

    dbt reads its profile and the defaults of its options only from the environment of the process. Only these names are
    changed and restored.
    """
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("DBT_")}
    ours |= {
        "BRT_WATCH_DBT_HOST": connection.get("host", "127.0.0.1"),
        "BRT_WATCH_DBT_PORT": connection.get("port", "5432"),
        "BRT_WATCH_DBT_USER": connection.get("user", ""),
        # The name marks it as a secret, which dbt keeps out of its logs.
        "DBT_ENV_SECRET_PASSWORD": connection.get("password", ""),
        "BRT_WATCH_DBT_DATABASE": connection.get("dbname", ""),
        "BRT_WATCH_DBT_SSLMODE": connection.get("sslmode", "prefer"),
        "BRT_WATCH_DUCKDB": connection.get("duckdb"),
    }
    before = {name: os.environ.get(name) for name in ours}
    try:
        _set(ours)
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
