"""The network, read once by each process of a test run, and the live engine over it, built once in the run.

It takes each live engine a second or two, and each page a fifth. The page in a process of its own, as in the browser's
tests, reads and builds them itself.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from unittest.mock import patch

import duckdb
import msgspec

from brt_watch.network import SEEDS, Network, read_network
from brt_watch.transform.compiled import DATABASE, DBT_PROJECT
from brt_watch.transform.live import LiveEngine, quoted
from brt_watch.web import reference
from tests import shared_run

_build = LiveEngine._build


def lend() -> None:
    """Let the pages of this process share the network, and its engines begin as copies of one."""
    reference.read_network = network
    LiveEngine._build = build  # type: ignore[method-assign]


_of_the_package = cache(read_network)


def network(folder: Path = SEEDS, day: date | None = None) -> Network:
    # The files of the package are the same for a whole run, those of a test may not be.
    return _of_the_package() if folder == SEEDS and day is None else read_network(folder, day)


def build(engine: LiveEngine, project: Path) -> None:
    if project != DBT_PROJECT or not engine._compiled.seeds:
        _build(engine, project)
        return
    # A checkpoint writes beside the file; the folder is there until the run ends.
    file = Path(tempfile.mkdtemp(dir=shared_run.folder())) / "live.duckdb"
    shutil.copyfile(_kept(engine), file)
    _attach(engine, file)
    # The open file outlives its name.
    file.unlink()
    run = engine._run

    def run_what_no_file_holds(statements: str) -> None:
        for each in duckdb.extract_statements(statements):
            if "create temp table" in each.query:
                run(each.query)

    with patch.object(engine, "_run", run_what_no_file_holds):
        _build(engine, project)


def _kept(engine: LiveEngine) -> Path:
    """Return the file of an engine with these statements and no signals, built by the first that needs it."""

    def keep(folder: Path) -> None:
        _attach(engine, folder / "live.duckdb")
        _build(engine, DBT_PROJECT)
        engine._run(f"drop table novos; checkpoint {DATABASE}")

    statements = msgspec.json.encode(engine._compiled)
    return shared_run.once(f"engine-{hashlib.sha256(statements).hexdigest()[:8]}", keep) / "live.duckdb"


def _attach(engine: LiveEngine, file: Path) -> None:
    """Let an engine have its tables in a file, which no other has and nobody reads after it."""
    engine._run(f"use memory; detach {DATABASE}; attach {quoted(file)} as {DATABASE} (recovery_mode no_wal_writes)")
    engine._run(f"use {DATABASE}")
