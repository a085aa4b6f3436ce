"""Compile the dbt project for DuckDB and print the statements: `python -m brt_watch.transform.compile PROJECT LOGS`.

A separate process, because of dbt's memory. Models are compiled as a full refresh: plain selects.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import msgspec

from brt_watch.transform.compiled import DATABASE, Compiled, Model, Seed

SCHEMA = "public"


def main(project: Path, logs: Path) -> None:
    """Compile and print; on failure exits with dbt's error."""
    with tempfile.TemporaryDirectory(prefix="brt-watch-") as target:
        os.environ["BRT_WATCH_DUCKDB"] = f"{target}/{DATABASE}.duckdb"
        sys.stdout.buffer.write(msgspec.json.encode(statements(project, logs, Path(target))))


def statements(project: Path, logs: Path, target: Path) -> Compiled:
    """Compile into a folder, for the DuckDB file that the environment names; on failure exits with dbt's error."""
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(
        [
            *("--no-send-anonymous-usage-stats", "--no-use-colors", "--log-level", "none", "--quiet"),
            *("--log-path", str(logs), "compile", "--select", "resource_type:model", "--full-refresh"),
            *("--target", "duckdb", "--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(target)),
        ]
    )
    if not result.success:
        sys.exit(" ".join(str(result.exception or result.result).split()))
    return _compiled(msgspec.json.decode((target / "manifest.json").read_bytes()), project)


def _compiled(manifest: dict[str, Any], project: Path) -> Compiled:
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    sources = manifest["sources"]
    order = TopologicalSorter({key: node["depends_on"].get("nodes", []) for key, node in nodes.items()}).static_order()
    names = {key: node["name"] for key, node in {**nodes, **sources}.items()}
    seeds, models = [], []
    for key in order:
        node = nodes.get(key)
        if node is None:
            continue
        if node["resource_type"] == "seed":
            seeds.append(_seed(node, project))
        elif node["config"]["materialized"] != "ephemeral":
            models.append(
                Model(
                    name=node["name"],
                    kind="view" if node["config"]["materialized"] == "view" else "table",
                    sql=node["compiled_code"],
                    reads=sorted(_read_by(key, nodes, names)),
                    live=node["config"].get("meta", {}).get("live") in (True, "apart"),
                    apart=node["config"].get("meta", {}).get("live") == "apart",
                    trained=_trained_columns(node),
                )
            )
    return Compiled(SCHEMA, seeds, models)


def _trained_columns(node: dict[str, Any]) -> dict[str, str]:
    if node["config"].get("meta", {}).get("trained") is not True:
        return {}
    return {name: column["data_type"] for name, column in node["columns"].items()}


def _read_by(key: str, nodes: dict[str, Any], names: dict[str, str]) -> set[str]:
    """Return the names of a model's inputs; an ephemeral model is replaced by its own inputs."""
    found: set[str] = set()
    for other in nodes[key]["depends_on"]["nodes"]:
        node = nodes.get(other)
        if node and node["config"]["materialized"] == "ephemeral":
            found |= _read_by(other, nodes, names)
        elif other in names:
            found.add(names[other])
    return found


def _seed(node: dict[str, Any], project: Path) -> Seed:
    path = node["original_file_path"]
    types = node["config"]["column_types"]
    with (project / path).open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    return Seed(node["name"], path, {name: types.get(name, "text") for name in columns})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
