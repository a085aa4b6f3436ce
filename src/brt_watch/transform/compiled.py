"""The models as statements for DuckDB: compiled by dbt when the project changes, then kept on disk.

dbt takes seconds to import and a hundred megabytes of memory, so it runs in a separate process
(`python -m brt_watch.transform.compile`), and the process that runs the statements never imports it. They are kept
where Python keeps its bytecode, beside the sources, or in the data folder when the package is read-only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from brt_watch import disk
from brt_watch.errors import TransformFailed

DBT_PROJECT = Path(__file__).resolve().parent / "dbt"
BESIDE_THE_SOURCES = Path(__file__).resolve().parent / "__pycache__"

DATABASE = "live"
"""The name of the database in the statements."""

COMPILE_SECONDS = 600
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")


class Seed(msgspec.Struct, frozen=True):
    """A reference file: its path below the project, and the types of its columns in order."""

    name: str
    path: str
    columns: dict[str, str]


class Model(msgspec.Struct, frozen=True):
    """A model: its select, its inputs (names of models, seeds and sources), and its use in the live page."""

    name: str
    kind: Literal["view", "table"]
    sql: str
    reads: list[str]
    live: bool
    """Whether its rows are derived again after each poll (`meta: {live: true}`), or apart from the polls."""
    apart: bool = False
    """Whether they are derived less often, in a thread of its own (`meta: {live: apart}`)."""
    trained: dict[str, str] = {}
    """The columns and types of a model whose rows are trained from history (`meta: {trained: true}`); {} of others."""


class Compiled(msgspec.Struct, frozen=True):
    """The whole project; each model follows its inputs."""

    schema: str
    seeds: list[Seed]
    models: list[Model]

    def model(self, name: str) -> Model:
        """Return a model by its name."""
        return next(model for model in self.models if model.name == name)

    def below(self, *names: str) -> set[str]:
        """Return these models and all their direct and indirect inputs."""
        found: set[str] = set()
        wanted = list(names)
        # Trained rows are read as written, not derived again.
        reads = {model.name: [] if model.trained else model.reads for model in self.models}
        while wanted:
            name = wanted.pop()
            if name not in found:
                found.add(name)
                wanted += reads.get(name, [])
        return found

    def standing_on(self, name: str) -> set[str]:
        """Return the models that depend on this one, directly or indirectly."""
        return {model.name for model in self.models if model.name != name and name in self.below(model.name)}


def project_vars(project: Path = DBT_PROJECT) -> dict[str, Any]:
    """Return the thresholds of the rules from dbt_project.yml, their only definition."""
    found = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert isinstance(found, dict)
    return found


def project_key(project: Path = DBT_PROJECT) -> str:
    """Return a checksum of everything that the statements depend on: files, variables, versions."""
    found = hashlib.sha256()
    for name, path in disk.sources(project, ".sql", ".yml", ".csv"):
        with path.open("rb") as file:
            # The statements depend on the columns of a reference file, not on its rows.
            found.update(name + (file.readline() if path.suffix == ".csv" else file.read()))
    found.update(repr([(name, metadata.version(name)) for name in _PACKAGES]).encode())
    found.update(Path(__file__).with_name("compile.py").read_bytes())
    return found.hexdigest()[:24]


def compiled(data: Path, project: Path = DBT_PROJECT, beside: Path = BESIDE_THE_SOURCES) -> Compiled:
    """Return the statements, compiled first if the project changed; raises TransformFailed."""
    name = f"duckdb-{project_key(project)}.json"
    for folder in (beside, data / "dbt"):
        if (kept := _read(folder / name)) is not None:
            return kept
    made = _compile(project, data)
    for folder in (beside, data / "dbt"):
        try:
            _keep(folder / name, made)
        except OSError:
            continue  # An installed package may be read-only.
        break
    return made


def _read(path: Path) -> Compiled | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Compiled)
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(path: Path, made: Compiled) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("duckdb-*.json"):
        old.unlink(missing_ok=True)
    disk.write_durably(path, msgspec.json.encode(made))


def _compile(project: Path, data: Path) -> Compiled:
    # The user's own DBT_* settings are for other projects.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    log = data / "logs" / "dbt.log"
    command = [sys.executable, "-m", "brt_watch.transform.compile", str(project), str(log.parent)]
    try:
        ended = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            timeout=COMPILE_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise TransformFailed(reason=f"compiling the models took more than {COMPILE_SECONDS} s", log=log) from None
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {ended.returncode}"]
        raise TransformFailed(reason=lines[-1], log=log)
    return msgspec.json.decode(ended.stdout, type=Compiled)
