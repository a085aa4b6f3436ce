"""What was: from Postgres, and from the windows on disk that are not in it yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from brt_watch.capture.silence import GAP
from brt_watch.clock import MINUTE, RIO, floor
from brt_watch.errors import DatabaseUnreachable
from brt_watch.model import Status
from brt_watch.web.captured import WaitingWindows
from brt_watch.web.history_schemas import Day, Gap, Minute
from brt_watch.web.reader import Reader
from brt_watch.web.schemas import Hour
from brt_watch.web.signals import EPOCH, Signal, line_of

MISSING = "O banco de dados não responde: só está aqui o que ainda espera no disco."
HOURS = timedelta(hours=6)
KEPT_SECONDS = 60.0
_RANK = {Status.OK: 3, Status.LATE: 2, Status.FAILED: 1, Status.MISSED: 0}


@dataclass(frozen=True)
class Tick:
    """What became of a tick, wherever it was captured."""

    tick: datetime
    status: Status
    records: int
    median_age_seconds: float | None


class Past:
    """The history. Without Postgres it has what is on disk, and `problem` says what is wrong."""

    def __init__(self, reader: Reader, waiting: WaitingWindows) -> None:
        self.reader = reader
        self._waiting = waiting
        self._hours: tuple[float, dict[str, list[Hour]]] = (0.0, {})
        self.problem: str | None = None

    def check(self) -> None:
        """Look whether Postgres answers."""
        self._ask("web_range")

    def signals(
        self, de: datetime, ate: datetime, codigo: str | None = None, linha: str | None = None
    ) -> tuple[list[Signal], str | None]:
        """Return signals of some time, oldest first, and what is missing."""
        # The disk first: a window that a load moves meanwhile is in Postgres then.
        found = {signal.key: signal for signal in self._on_disk(de, ate, codigo, linha)}
        missing = None
        try:
            found |= {signal.key: signal for signal in self.reader.signals(de, ate, codigo, linha)}
            self.problem = None
        except DatabaseUnreachable as error:
            self.problem, missing = str(error), MISSING
        return sorted(found.values(), key=lambda signal: signal.key), missing

    def page(
        self,
        de: datetime,
        ate: datetime,
        codigo: str | None,
        linha: str | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Signal]:
        """Return a page of signals, complete or not at all: raises DatabaseUnreachable."""
        on_disk = self._on_disk(de, ate, codigo, linha)
        found = {signal.key: signal for signal in on_disk if after is None or signal.key > after}
        found |= {signal.key: signal for signal in self.reader.signals(de, ate, codigo, linha, after, limit)}
        return sorted(found.values(), key=lambda signal: signal.key)[:limit]

    def ticks(self, de: datetime, ate: datetime) -> tuple[list[Tick], str | None]:
        """Return what became of the ticks of some time, oldest first, and what is missing."""
        found = {
            poll.tick: Tick(poll.tick, poll.status, poll.records, poll.median_age_seconds)
            for poll in self._waiting.polls(de, ate)
        }
        rows = self._ask("web_polls", de=de, ate=ate)
        for row in rows or ():
            tick = Tick(row["tick"], Status(row["status"]), row["records"], row["median_age_seconds"])
            known = found.get(tick.tick)
            if known is None or _RANK[tick.status] > _RANK[known.status]:
                found[tick.tick] = tick
        return [found[tick] for tick in sorted(found)], MISSING if rows is None else None

    def gaps(self, de: datetime, ate: datetime) -> list[Gap]:
        """Return the times without a good poll."""
        ticks, _ = self.ticks(de - GAP, ate)
        last, found = de - 2 * GAP, []
        for moment in [*(tick.tick for tick in ticks if tick.status.is_good), ate]:
            if moment - last > GAP and moment > de:
                found.append(Gap(max(last, de), moment))
            last = moment
        return found

    def minutes(self, de: datetime, ate: datetime) -> tuple[list[Minute], str | None]:
        """Return how the minutes of some time were captured."""
        ticks, missing = self.ticks(de, ate)
        minutes: dict[datetime, list[Tick]] = {}
        for tick in ticks:
            minutes.setdefault(floor(tick.tick, MINUTE), []).append(tick)
        return [_minute(minute, each) for minute, each in minutes.items()], missing

    def days(self, de: datetime, ate: datetime) -> list[Day]:
        """Return how the days of some time were captured; the days that wait on disk are counted from there."""
        loaded = {row["dia"]: Day(**row) for row in self._ask("web_days", de=de, ate=ate) or ()}
        waiting = {f"{poll.tick.astimezone(RIO):%Y-%m-%d}" for poll in self._waiting.polls(de, ate)}
        for dia in waiting:
            begin = datetime.fromisoformat(dia).replace(tzinfo=RIO)
            minutes, _ = self.minutes(begin, begin + timedelta(days=1))
            loaded[dia] = _day(dia, minutes)
        return [loaded[dia] for dia in sorted(loaded)]

    def range(self) -> tuple[datetime | None, datetime | None, str | None]:
        """Return the first and the last good tick, and what is missing."""
        found = [
            poll.tick for poll in self._waiting.polls(EPOCH, EPOCH + 1000 * timedelta(days=365)) if poll.status.is_good
        ]
        rows = self._ask("web_range")
        for row in rows or ():
            found += [tick for tick in (row["primeiro"], row["ultimo"]) if tick]
        missing = MISSING if rows is None else None
        return (min(found), max(found), missing) if found else (None, None, missing)

    def hours(self, now: datetime) -> dict[str, list[Hour]]:
        """Return how each line ran in the last six hours, as Postgres has it; a minute old at most."""
        made, hours = self._hours
        if time.monotonic() - made > KEPT_SECONDS or not made:
            hours = {}
            for row in self._ask("web_line_hours", de=now - HOURS, ate=now) or ():
                hour = Hour(row["hora"], row["veiculos"], row["velocidade_mediana"])
                hours.setdefault(line_of(row["linha"]) or "", []).append(hour)
            self._hours = time.monotonic(), hours
        return hours

    def rejects(self, de: datetime, ate: datetime) -> list[dict[str, Any]]:
        """Return why records were rejected in some time, as Postgres has it."""
        return self._ask("web_rejects", de=de, ate=ate) or []

    def alerts(self, de: datetime, ate: datetime) -> list[dict[str, Any]]:
        """Return the last troubles of some time, as Postgres has it."""
        return self._ask("web_alerts", de=de, ate=ate) or []

    def _ask(self, statement: str, **values: object) -> list[dict[str, Any]] | None:
        try:
            rows = self.reader.rows(statement, **values)
        except DatabaseUnreachable as error:
            self.problem = str(error)
            return None
        self.problem = None
        return rows

    def _on_disk(self, de: datetime, ate: datetime, codigo: str | None, linha: str | None) -> Iterable[Signal]:
        return [
            signal
            for signal in self._waiting.signals(de, ate)
            if (codigo is None or signal.codigo == codigo) and (linha is None or signal.linha == linha)
        ]


def _minute(minute: datetime, ticks: list[Tick]) -> Minute:
    ages = [tick.median_age_seconds for tick in ticks if tick.median_age_seconds is not None]
    counts = {status: sum(tick.status is status for tick in ticks) for status in Status}
    return Minute(
        minuto=minute,
        previstas=len(ticks),
        boas=counts[Status.OK] + counts[Status.LATE],
        atrasadas=counts[Status.LATE],
        com_falha=counts[Status.FAILED],
        perdidas=counts[Status.MISSED],
        idade_mediana_segundos=round(median(ages), 1) if ages else None,
        registros=sum(tick.records for tick in ticks),
    )


def _day(dia: str, minutes: list[Minute]) -> Day:
    return Day(
        dia=dia,
        boas=sum(each.boas for each in minutes),
        previstas=sum(each.previstas for each in minutes),
        minutos_bons=sum(each.boas == each.previstas for each in minutes),
        minutos_parciais=sum(0 < each.boas < each.previstas for each in minutes),
        minutos_perdidos=sum(each.boas == 0 for each in minutes),
    )
