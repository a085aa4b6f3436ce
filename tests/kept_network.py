"""The network, read once by each process of a test run, and its largest tables, derived once in the run.

They take each live engine a second, and each page a fifth. The page in a process of its own, as in the browser's tests,
reads and derives them itself.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from pathlib import Path

from brt_watch.network import SEEDS, Network, read_network
from brt_watch.transform.compiled import DBT_PROJECT
from brt_watch.transform.live import LiveEngine, quoted
from brt_watch.web import reference
from tests import shared_run

KEPT = ("int_rede__celulas_trechos", "int_rede__trechos_repetidos")

_build, _create = LiveEngine._build, LiveEngine._create
_of_rio: set[int] = set()
"""The engines that are being built for the network of the package."""


def lend() -> None:
    """Let the pages of this process share the network, and its engines read the tables from files."""
    reference.read_network = network
    LiveEngine._build = build  # type: ignore[method-assign]
    LiveEngine._create = create  # type: ignore[method-assign]


_of_the_package = cache(read_network)


def network(folder: Path = SEEDS, day: date | None = None) -> Network:
    # The files of the package are the same for a whole run, those of a test may not be.
    return _of_the_package() if folder == SEEDS and day is None else read_network(folder, day)


def build(engine: LiveEngine, project: Path) -> None:
    if project == DBT_PROJECT:
        _of_rio.add(id(engine))
    try:
        _build(engine, project)
    finally:
        _of_rio.discard(id(engine))


def create(engine: LiveEngine, name: str, kind: str, sql: str) -> None:
    if name in KEPT and id(engine) in _of_rio:

        def keep(folder: Path) -> None:
            engine._run(f"copy ({sql}) to {quoted(folder / 'rows.parquet')}")

        kept = shared_run.once(f"{name}-{hashlib.sha256(sql.encode()).hexdigest()[:8]}", keep)
        sql = f"select * from read_parquet({quoted(kept / 'rows.parquet')})"
    _create(engine, name, kind, sql)
