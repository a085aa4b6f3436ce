"""The live state: the newest poll on disk, checked ten times a second, and the clients that wait for the next one."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from brt_watch.capture.silence import BEHIND
from brt_watch.clock import Clock, parse_tick
from brt_watch.errors import BrtWatchError
from brt_watch.model import Poll
from brt_watch.web.control import AtStations, stations_now
from brt_watch.web.forecasts import Forecast, forecasts_of
from brt_watch.web.history import History
from brt_watch.web.live_models import LiveModels, failed
from brt_watch.web.passes import coming_to, passes_of
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Coming, Pass
from brt_watch.web.snapshot import Snapshot, Warned
from brt_watch.web.vehicles import vehicles_of

log = structlog.get_logger()

T = TypeVar("T")

LOOK_SECONDS = 0.1
"""A look that finds nothing takes 0.08 ms of processor time, beside the change of threads."""

APART_SECONDS = 20.0
"""Shortest time from one derivation apart from the polls to the next."""

APART_PAUSES = 9
"""The pause after one, as a multiple of its processor time."""

KEPT_EVENTS = 30
PING = b": ping\n\n"


class Event:
    """A message to all clients that stream, encoded once, plain and compressed.

    sse-starlette encodes per client and does not compress. The changes of a poll are 253 kB, 29 kB compressed, which
    takes 3 ms: once here instead of once for each of a thousand clients.
    """

    def __init__(self, text: bytes) -> None:
        self.plain = text
        self.deflated = deflated(text)


def deflated(text: bytes) -> bytes:
    """Compress a part of a gzip stream without references to earlier data, so that it suits all clients."""
    compressor = zlib.compressobj(5, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)


def vehicles_event(tick: str, body: bytes) -> Event:
    """Return the event of some vehicles."""
    return Event(b"event: vehicles\nid: %s\ndata: %s\n\n" % (tick.encode(), body))


class OfPoll(Generic[T]):
    """What is read from all live models at the newest good poll, kept until the next one.

    Who asks for a kept answer does not wait for a poll that is being derived.
    """

    def __init__(self, models: LiveModels, read: Callable[[Poll], T], before_the_first: T) -> None:
        self._models = models
        self._read = read
        self._kept: tuple[Poll | None, T] = None, before_the_first

    def newest(self) -> T:
        """Return it as of the newest good poll."""
        if self._kept[0] is not self._models.newest_good:
            with self._models.whole() as good:
                if good and self._kept[0] is not good:
                    self._kept = good, self._read(good)
        return self._kept[1]


class Live:
    """The newest snapshot, and what changed from one to the next."""

    def __init__(
        self, models: LiveModels, simulated: bool, clock: Clock, reference: Reference, history: History
    ) -> None:
        self._clock = clock
        self._history = history
        self.models = models
        self.simulated = simulated
        self.reference = reference
        self.snapshot: Snapshot | None = None
        self.problem: str | None = None
        self.looked = False
        self.number = 0
        self.clients = 0
        self._events: dict[int, Event] = {}
        self._whole: tuple[Snapshot, Event] | None = None
        self._wake = asyncio.Event()
        self._passes: OfPoll[dict[str, list[Pass]]] = OfPoll(models, lambda good: passes_of(models, good), {})
        self._forecasts: OfPoll[list[Forecast]] = OfPoll(models, lambda _: forecasts_of(models), [])
        self._stations: OfPoll[AtStations] = OfPoll(models, lambda _: stations_now(models), {})

    @property
    def failed(self) -> Poll | None:
        """The newest poll, if it failed."""
        return failed(self.models.newest)

    async def run(self) -> None:
        """Check for a new poll ten times a second, for ever."""
        while True:
            try:
                before, now = await asyncio.to_thread(self.look)
                if now and now is not before:
                    self._publish(before, now)
                if not self.models.is_whole:
                    await asyncio.to_thread(self.models.complete)
            except (BrtWatchError, OSError, ValueError) as error:
                # What cannot be read now (a disk that is away) can be read later; until then this says why.
                self.problem = str(error)
                log.warning("serve.look_failed", problem=self.problem)
            await asyncio.sleep(LOOK_SECONDS)

    async def run_apart(self) -> None:
        """Derive what takes too long for each poll, for ever: it costs at most a tenth of a core."""
        while True:
            took = await asyncio.to_thread(self.models.take_apart)
            await asyncio.sleep(1 if took is None else max(APART_SECONDS, APART_PAUSES * took))

    def look(self) -> tuple[Snapshot | None, Snapshot | None]:
        """Read new polls from disk; returns the previous and the current snapshot."""
        before, is_new = self.snapshot, self.models.take()
        good = self.models.newest_good
        warned = self.warned(good.captured_at if good else None)
        if good and good.captured_at and (is_new or before is None):
            vehicles = vehicles_of(self.models, self.reference)
            self.snapshot = Snapshot(good.tick, good.captured_at, self.simulated, vehicles, warned)
        elif before and before.warned != warned:
            self.snapshot = before.with_warning(warned)
        self.problem, self.looked = None, True
        return before, self.snapshot

    @property
    def failure(self) -> str | None:
        """Why the newest poll failed, None when it did not."""
        return (self.failed.detail or self.failed.reason) if self.failed else None

    @property
    def nothing_yet(self) -> Warned:
        """The warning before the first good poll: that it is awaited, or why the last poll failed."""
        if self.failed is None:
            return Warned("sem_captura", "Ainda não há nenhuma captura; a primeira consulta ainda não terminou.")
        at = self.failed.tick.astimezone(self._history.zone)
        return Warned(
            "sem_captura", f"Ainda não há nenhuma captura. A consulta das {at:%H:%M:%S} falhou: {self.failure}"
        )

    def warned(self, captured_at: datetime | None) -> Warned | None:
        """Return what is stale or missing."""
        if captured_at is None:
            return self.nothing_yet
        if self._clock.now() - captured_at > BEHIND:
            since = captured_at.astimezone(self._history.zone)
            return Warned("captura_parada", f"A captura está parada desde {since:%d/%m/%Y %H:%M:%S}.")
        if self._history.problem:
            return Warned("banco_ausente", "O banco de dados não responde: falta o histórico mais antigo.")
        return None

    def passes(self, estacao_id: str) -> list[Pass]:
        """Return the last passages at a station, newest first, at most three per line and direction."""
        return self._passes.newest().get(estacao_id, [])

    @property
    def stations(self) -> AtStations:
        """What is planned and what was missed at each station, by line and direction."""
        return self._stations.newest()

    def coming(self, estacao_id: str) -> list[Coming]:
        """Return the vehicles on their way to a station, the nearest first."""
        return coming_to(self.models, estacao_id)

    def forecasts(self) -> list[Forecast]:
        """Return the forecasts of the newest good poll."""
        return self._forecasts.newest()

    def age(self) -> timedelta | None:
        """Return the age of the newest good poll, None before the first."""
        return self._clock.now() - self.snapshot.captured_at if self.snapshot else None

    # -- clients that stream ----------------------------------------------------------------------------------------

    def _publish(self, before: Snapshot | None, now: Snapshot) -> None:
        if before is None or before.tick != now.tick:
            # After the clock was set back, ticks do not show what has changed since the previous poll.
            body = now.changes(before.tick if before and before.tick < now.tick else None)
            self.number += 1
            self._events[self.number] = vehicles_event(now.id, body)
            self._events.pop(self.number - KEPT_EVENTS, None)
        wake, self._wake = self._wake, asyncio.Event()
        wake.set()

    def first_event(self, last_event_id: str | None) -> tuple[int, Event | None]:
        """Return the first event for a new client: all vehicles, or the changes since its last event."""
        now = self.snapshot
        if now is None:
            return self.number, None
        since = _tick(last_event_id)
        if since is not None and since <= now.tick:
            return self.number, vehicles_event(now.id, now.changes(since)) if since < now.tick else None
        if self._whole is None or self._whole[0] is not now:
            self._whole = now, vehicles_event(now.id, now.changes(None))
        return self.number, self._whole[1]

    async def next_event(self, seen: int, seconds: float) -> tuple[int, Event | None]:
        """Return the event after the last one seen; None when none came within `seconds`."""
        if seen == self.number:
            try:
                await asyncio.wait_for(self._wake.wait(), seconds)
            except asyncio.TimeoutError:
                return seen, None
        if seen == self.number:
            return seen, None
        if seen + 1 in self._events:
            return seen + 1, self._events[seen + 1]
        # The client is too far behind: send it everything.
        return self.first_event(None)


def _tick(text: str | None) -> datetime | None:
    try:
        return parse_tick(text) if text else None
    except ValueError:
        return None
