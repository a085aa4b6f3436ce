"""The live engine, fed from the windows on disk: created at the first look, and again when it fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

import duckdb
import structlog

from brt_watch.capture.files import CaptureFiles
from brt_watch.errors import ModelsFailed, TransformFailed
from brt_watch.model import Poll, Status
from brt_watch.transform.city import project_of
from brt_watch.transform.compiled import DBT_PROJECT, Compiled, compiled
from brt_watch.transform.live import KEPT, LiveEngine
from brt_watch.transform.trained import FORECASTS, TrainedFiles
from brt_watch.web.new_polls import NewPolls

log = structlog.get_logger()

MANY = 50_000
"""New signals, after a start, that are derived before more are read."""

FIRST_LOOK = timedelta(minutes=20)
"""What is derived first after a start, so that the page is there in seconds; the rest of KEPT follows."""

AFTER_FAILURE_SECONDS = 30.0
"""Time until models that failed to compile or run are tried again."""


class LiveModels:
    """The models over the last hours of the windows on disk. One thread takes polls; any thread reads."""

    def __init__(self, files: CaptureFiles, data: Path) -> None:
        self._files = files
        self._data = data
        self._polls = NewPolls(files, FIRST_LOOK)
        self._engine: LiveEngine | None = None
        self._looked_back = False
        self._engines = 0
        self._failure: tuple[float, ModelsFailed] | None = None
        self._lock = RLock()
        self._apart_as_of: Poll | None = None
        self.newest: Poll | None = None
        """The newest poll."""
        self.newest_good: Poll | None = None

    def take(self) -> bool:
        """Derive where the vehicles are from new polls on disk; returns whether one is good.

        What else is live follows with `complete` or `whole`. Raises ModelsFailed, DamagedWindow.
        """
        if self._failure and time.monotonic() - self._failure[0] < AFTER_FAILURE_SECONDS:
            raise self._failure[1]
        before = self.newest_good
        try:
            if self._engine and not self._looked_back:
                self._look_further_back()
            with self._lock:
                self._engine = self._engine or self._made()
                self._feed(self._engine, self._polls)
        except (duckdb.Error, TransformFailed) as error:
            self._give_up(error)
        self._failure = None
        return self.newest_good is not before

    @property
    def is_whole(self) -> bool:
        """Whether all models that follow each poll are as of the newest one."""
        return self._engine is None or self._engine.is_whole

    @contextmanager
    def whole(self) -> Iterator[Poll | None]:
        """Hold all models that follow each poll as of one poll while the block reads them; yields the newest good one.

        Derives what `take` left first. The next poll waits for the block. Raises ModelsFailed.
        """
        with self._lock:
            if self._engine and not self._engine.is_whole:
                try:
                    self._engine.derive_rest()
                except duckdb.Error as error:
                    self._give_up(error)
            yield self.newest_good

    def complete(self) -> None:
        """Derive what `take` left, unless that is done. Raises ModelsFailed."""
        with self.whole():
            pass

    def stop(self) -> None:
        """End what is being derived, before the process ends."""
        if self._engine:
            self._engine.stop()

    def take_apart(self) -> float | None:
        """Derive the models that take too long for each poll, if there is a new one.

        Returns the seconds of processor time, None if nothing was new. A failure leaves them as they are until the next
        time.
        """
        engine, newest = self._engine, self.newest
        if engine is None or newest is self._apart_as_of:
            return None
        started = time.thread_time()
        try:
            engine.derive_apart()
        except duckdb.Error as error:
            # The engine may have been replaced meanwhile.
            log.warning("live.apart_failed", problem=" ".join(str(error).split())[:300])
        else:
            self._apart_as_of = newest
        return time.thread_time() - started

    @property
    def since(self) -> datetime | None:
        """The moment from which on all captured signals are here; None before the first poll."""
        return self._engine.since if self._engine else None

    def has(self, model: str) -> bool:
        """Whether a model is derived live."""
        return self._engine is not None and self._engine.has(model)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the result of a query, as of the newest poll; empty before the first."""
        return self._engine.rows(query) if self._engine else []

    def dicts(self, query: str) -> list[dict[str, Any]]:
        """Return the result of a query, each row by column name; empty before the first poll."""
        return self._engine.dicts(query) if self._engine else []

    def _made(self) -> LiveEngine:
        # DuckDB creates the folder when memory is short, and removes it at the end. Engines must not share one.
        self._engines += 1
        spill = self._data / "run" / f"duckdb-{os.getpid()}-{self._engines}"
        project = project_of(self._data)
        trained = TrainedFiles(self._data / FORECASTS)
        return LiveEngine(_statements(self._data, project), project, spill, trained=trained)

    def _look_further_back(self) -> None:
        """Begin again with all that is kept: a signal is derived as of the poll that brought it first."""
        if self._polls.began_before:
            engine, polls = self._made(), NewPolls(self._files, KEPT)
            self._feed(engine, polls)
            # The old one is closed when no reader uses it any more.
            with self._lock:
                self._engine, self._polls = engine, polls
        self._looked_back = True

    def _feed(self, engine: LiveEngine, polls: NewPolls) -> None:
        taken: list[Poll] = []

        def consume(new: list[Poll], lines: bytes) -> None:
            engine.take(new, lines)
            taken.extend(new)
            if engine.pending > MANY:
                engine.derive()

        try:
            polls.take(consume)
        finally:
            if taken:
                engine.derive_first()
                self.newest = taken[-1]
                good = [poll for poll in taken if poll.status.is_good and poll.captured_at]
                self.newest_good = good[-1] if good else self.newest_good

    def _give_up(self, error: Exception) -> None:
        """Begin again from the windows on disk in a while: nothing that was captured is lost by it."""
        self._engine, self._polls, self._looked_back = None, NewPolls(self._files, FIRST_LOOK), False
        failed = ModelsFailed(reason=" ".join(str(error).split())[:500])
        self._failure = time.monotonic(), failed
        raise failed from error


def _statements(data: Path, project: Path) -> Compiled:
    # Those of a city are kept with its data, and those of the package beside its sources.
    return compiled(data) if project == DBT_PROJECT else compiled(data, project, beside=data / "dbt")


def failed(poll: Poll | None) -> Poll | None:
    """Return a poll if it failed."""
    return poll if poll and poll.status is Status.FAILED else None
