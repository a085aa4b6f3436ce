"""The largest tables of the network, derived once in a test run for all live engines: they take each of them a second.

The page in a process of its own, as in the browser's tests, derives them itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from brt_watch.transform.compiled import DBT_PROJECT
from brt_watch.transform.live import LiveEngine, quoted
from tests import shared_run

KEPT = ("int_rede__celulas_trechos", "int_rede__trechos_repetidos")

_build, _create = LiveEngine._build, LiveEngine._create
_of_rio: set[int] = set()
"""The engines that are being built for the network of the package."""


def lend() -> None:
    """Let the engines of this process read the tables from files."""
    LiveEngine._build = build  # type: ignore[method-assign]
    LiveEngine._create = create  # type: ignore[method-assign]


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
