"""The web's door to the lake, where there is no Postgres: the published marts, read with DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

import duckdb

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_marts import Days, words
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.lake_session import open_lake
from brt_watch.archive.lake_turn import of_city
from brt_watch.capture.files import CaptureFiles
from brt_watch.errors import LakeEmpty, LakeUnreadable, NotDerived
from brt_watch.marts.rows import Batches, from_lake
from brt_watch.marts.selection import Selection
from brt_watch.store.connection import SQL
from brt_watch.web.reader import with_literals
from brt_watch.web.signals import Signal

AT_ONCE = 2
"""Queries at most; further ones wait, and then are refused."""

WAIT_SECONDS = 8.0
ATTEMPTS = 4
"""A file that is replaced in the middle of a query can fail it; the next attempt reads the new one."""

THREADS = 2
MEMORY = "600MB"


class LakeReader:
    """Queries on the lake with the interface of `Reader`; raises LakeUnreadable whenever there is no answer."""

    as_role = False

    def __init__(self, lake: Lake, files: CaptureFiles) -> None:
        self._lake = lake
        self._files = files
        self._free = BoundedSemaphore(AT_ONCE)

    def signals(self, values: dict[str, Any]) -> list[Signal]:
        """Return derived signals of some time, oldest first; none before the models are first derived."""
        signals = self._ask("web_signals", values, lambda found: [Signal(*row) for row in found.fetchall()])
        if not signals and "gps_brt" in (marts := LakeModels(self._lake).marts).names and "sinais" not in marts.views:
            reason = "the next transform renews its views for this release"
            raise LakeUnreadable(folder=self._lake.folder, reason=reason)
        return signals

    def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Return the result of a statement of `sql/`; empty while its model does not exist."""
        return self._ask(statement, values, _dicts)

    def batches(self, selection: Selection) -> Batches:
        """Yield the rows of a mart; nothing while its model does not exist."""
        try:
            yield from from_lake(self._lake, selection)
        except (LakeEmpty, NotDerived):
            return
        except duckdb.Error as error:
            raise self._unreadable(error) from error

    def close(self) -> None:
        """Nothing stays open."""

    def _ask(self, name: str, values: dict[str, Any], fetched: Callable[[Any], list[Any]]) -> list[Any]:
        of_lake = SQL / "lake" / f"{name}.sql"
        text = with_literals(f"lake/{name}" if of_lake.is_file() else name, values)
        return self._run(text, self._days(values), fetched)

    def _run(self, text: str, days: Days | None, fetched: Callable[[Any], list[Any]]) -> list[Any]:
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise LakeUnreadable(folder=self._lake.folder, reason="too many queries at once")
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    with open_lake(self._lake, words(text), days) as session:
                        session.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY}'")
                        return fetched(session.execute(text))
                except (LakeEmpty, duckdb.CatalogException):
                    return []
                except duckdb.Error as error:
                    if attempt == ATTEMPTS:
                        raise self._unreadable(error) from error
            raise AssertionError("unreachable")
        finally:
            self._free.release()

    def _days(self, values: dict[str, Any]) -> Days | None:
        """Return the service days that the values of a statement confine it to, None for all."""
        if first := values.get("primeiro_dia"):
            return Days(str(first), str(values.get("ultimo_dia") or "9999"))
        if "de" not in values:
            return None
        # The days of an older lake turn at another moment than those of the models.
        turns = (self._lake.turn, of_city(self._lake.zone))
        first, last = (sorted(turn.day(values[name]) for turn in turns) for name in ("de", "ate"))
        return Days(str(first[0]), str(last[-1]))

    def _unreadable(self, error: Exception) -> LakeUnreadable:
        return LakeUnreadable(folder=self._lake.folder, reason=" ".join(str(error).split())[:500])


def _dicts(found: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
