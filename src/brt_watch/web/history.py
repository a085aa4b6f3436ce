"""The history: from the marts in Postgres or on the lake, and from the live models where those have no rows yet."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from brt_watch.capture.silence import GAP
from brt_watch.clock import MINUTE, UTC, floor, service_day
from brt_watch.errors import DatabaseUnreachable, HistoryIncomplete
from brt_watch.marts.rows import Batches
from brt_watch.marts.selection import LONGEST_TRIP, Selection
from brt_watch.model import Status
from brt_watch.web.history_schemas import Day, Gap, Minute, MissingCode
from brt_watch.web.lake_reader import LakeReader
from brt_watch.web.live_models import LiveModels
from brt_watch.web.new_polls import WaitingWindows
from brt_watch.web.reader import Reader, signal_values, with_literals
from brt_watch.web.schemas import Hour
from brt_watch.web.signals import Signal
from brt_watch.web.stringline import Track, merged, tracks
from brt_watch.web.thresholds import LIMITS, LINE_HOURS

MISSING = "O banco de dados não responde: só estão aqui as últimas horas."
NOT_DERIVED = "Uma parte deste período já foi capturada, mas ainda não foi processada."
MISSING_CODES: dict[str | None, MissingCode] = {MISSING: "banco_ausente", NOT_DERIVED: "nao_processado"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_SECONDS = 60.0
AT_THE_BEGINNING = timedelta(minutes=2)
"""A trip that begins so soon after the live models do had begun before."""

_RANK = {Status.OK: 3, Status.LATE: 2, Status.FAILED: 1, Status.MISSED: 0}


@dataclass(frozen=True)
class Tick:
    """The outcome of a tick, wherever it was captured."""

    tick: datetime
    status: Status
    records: int
    median_age_seconds: float | None


class History:
    """The history: the marts in Postgres or on the lake, and the live models for minutes missing there.

    While the marts do not answer it has only the last hours, and `problem` gives the reason.
    """

    def __init__(
        self,
        reader: Reader | LakeReader,
        waiting: WaitingWindows,
        models: LiveModels,
        zone: ZoneInfo,
    ) -> None:
        self.reader = reader
        self.zone = zone
        """The zone of the city's clocks."""
        self._waiting = waiting
        self._models = models
        self._hours: tuple[float, dict[str, list[Hour]]] = (0.0, {})
        self.problem: str | None = None

    def check(self) -> None:
        """Check whether Postgres, or the lake, answers."""
        self._ask("web_range")

    def signals(
        self, de: datetime, ate: datetime, codigo: str | None = None, linha: str | None = None
    ) -> tuple[list[Signal], str | None]:
        """Return the signals of a period, oldest first, and what is missing."""
        values = signal_values(de, ate, codigo, linha)
        # The live models first: rows that a transform derives meanwhile are then in the mart.
        found = {signal.key: signal for signal in self._live(values)}
        try:
            found |= {signal.key: signal for signal in self.reader.signals(values)}
            missing = NOT_DERIVED if self._lacks(de, ate) else None
            self.problem = None
        except DatabaseUnreachable as error:
            self.problem, missing = str(error), MISSING
        return sorted(found.values(), key=lambda signal: signal.key), missing

    def trips(self, de: datetime, ate: datetime, linha: str, sentido: str) -> tuple[list[Track], str | None]:
        """Return the trips of a line and direction, by vehicle and time, and what is missing."""
        values = {"de": de, "ate": ate, "linha": linha, "sentido": sentido, "desvio_m": LIMITS.viagem_desvio_m}
        values["primeiro_dia"] = service_day(de - LONGEST_TRIP, self.zone)
        values["ultimo_dia"] = service_day(ate, self.zone)
        # The live models first, as for signals.
        live = tracks(*(self._models.dicts(with_literals(name, values)) for name in ("web_stringline", "web_headways")))
        since = self._models.since and self._models.since + AT_THE_BEGINNING
        rows = self._ask("web_stringline", **values)
        if rows is None:
            return merged([], live, since), MISSING
        headways = self._ask("web_headways", **values) or ()
        return merged(tracks(rows, headways), live, since), NOT_DERIVED if self._lacks(de, ate) else None

    def page(
        self,
        de: datetime,
        ate: datetime,
        codigo: str | None,
        linha: str | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Signal]:
        """Return a complete page of signals; raises DatabaseUnreachable, HistoryIncomplete."""
        values = signal_values(de, ate, codigo, linha, after, limit)
        found = {signal.key: signal for signal in self._live(values)}
        found |= {signal.key: signal for signal in self.reader.signals(values)}
        self._refuse_incomplete(de, ate)
        return sorted(found.values(), key=lambda signal: signal.key)[:limit]

    def tides(self, de: datetime, ate: datetime, limit: int) -> list[dict[str, Any]]:
        """Return the signals of a period as rows of TIDES, complete; raises DatabaseUnreachable, HistoryIncomplete."""
        values = {"de": de, "ate": ate, "limite": limit}
        rows = self._models.dicts(with_literals("web_tides", values)) + self.reader.rows("web_tides", **values)
        found = {(row["event_timestamp"], row["vehicle_id"]): row for row in rows}
        self._refuse_incomplete(de, ate)
        return [found[key] for key in sorted(found)][:limit]

    def rows(self, selection: Selection) -> Batches:
        """Yield the rows of a mart, in batches; raises DatabaseUnreachable."""
        return self.reader.batches(selection)

    def derived_until(self, now: datetime) -> datetime | None:
        """Return the end of the newest trip of the last days; None before the models have run."""
        rows = self.reader.rows("web_trips_until", primeiro_dia=service_day(now - 2 * LONGEST_TRIP, self.zone))
        return rows[0]["ate"] if rows else None

    def _refuse_incomplete(self, de: datetime, ate: datetime) -> None:
        if since := self._lacks(de, ate):
            raise HistoryIncomplete(since=f"{since:%Y-%m-%d %H:%M:%S %Z}")

    def _lacks(self, de: datetime, ate: datetime) -> datetime | None:
        """Return the beginning of what is captured and neither in a mart nor live, if some of it lies in the span."""
        since = self._not_derived()
        until = self._models.since or ate
        return since if since and max(de, since) < min(ate, until) else None

    def _not_derived(self) -> datetime | None:
        """Return the beginning of what is captured and in no mart yet; None when everything is."""
        waiting = [row["desde"] for row in self.reader.rows("web_not_derived")]
        return min((moment for moment in (self._waiting.oldest(), *waiting) if moment), default=None)

    def _live(self, values: dict[str, Any]) -> list[Signal]:
        return [Signal(*row) for row in self._models.rows(with_literals("web_signals", values))]

    def ticks(self, de: datetime, ate: datetime) -> tuple[list[Tick], str | None]:
        """Return the outcomes of the ticks of a period, oldest first, and what is missing."""
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
        """Return the coverage of the minutes of a period."""
        ticks, missing = self.ticks(de, ate)
        minutes: dict[datetime, list[Tick]] = {}
        for tick in ticks:
            minutes.setdefault(floor(tick.tick, MINUTE), []).append(tick)
        return [_minute(minute, each) for minute, each in minutes.items()], missing

    def days(self, de: datetime, ate: datetime) -> list[Day]:
        """Return the coverage of the days of a period: as derived, and from the first day with newer polls on by those.

        Raises DatabaseUnreachable: what waits on disk is only a part of its day, and no total.
        """
        kinds: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for row in self.reader.rows("web_days", de=de, ate=ate, fuso=self.zone.key):
            kinds[row["dia"]].append((row["boas"], row["previstas"], row["minutos"]))
        since = self._not_derived()
        if since and since < ate:
            begin = max(de, since).astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
            minutes, _ = self.minutes(begin, ate)
            for dia, of_day in groupby(minutes, lambda each: f"{each.minuto.astimezone(self.zone):%Y-%m-%d}"):
                kinds[dia] = [(each.boas, each.previstas, 1) for each in of_day]
        return [_day(dia, kinds[dia]) for dia in sorted(kinds)]

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
        """Return the state of each line in the last hours, at most a minute old."""
        made, hours = self._hours
        if time.monotonic() - made > KEPT_SECONDS or not made:
            values = {"de": now - LINE_HOURS, "ate": now}
            found = {(row["linha"], row["hora"]): row for row in self._ask("web_line_hours", **values) or ()}
            # An hour complete in the live models is newer there than in the mart.
            for row in self._models.dicts(with_literals("web_line_hours", values)):
                key = row["linha"], row["hora"]
                if key not in found or (self._models.since and row["hora"] >= self._models.since):
                    found[key] = row
            hours = {}
            for linha, hora in sorted(found):
                row = found[linha, hora]
                hours.setdefault(linha, []).append(Hour(hora, row["veiculos"], row["velocidade_mediana"]))
            self._hours = time.monotonic(), hours
        return hours

    def rejects(self, de: datetime, ate: datetime) -> list[dict[str, Any]]:
        """Return the reasons for rejects in a period."""
        return self._ask("web_rejects", de=de, ate=ate) or []

    def alerts(self, de: datetime, ate: datetime) -> list[dict[str, Any]]:
        """Return the last troubles of a period."""
        return self._ask("web_alerts", de=de, ate=ate) or []

    def _ask(self, statement: str, **values: object) -> list[dict[str, Any]] | None:
        try:
            rows = self.reader.rows(statement, **values)
        except DatabaseUnreachable as error:
            self.problem = str(error)
            return None
        self.problem = None
        return rows


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


def _day(dia: str, kinds: list[tuple[int, int, int]]) -> Day:
    """Sum up the minutes of a day by their good and planned polls: (good, planned, minutes that have these)."""
    return Day(
        dia=dia,
        boas=sum(good * minutes for good, _, minutes in kinds),
        previstas=sum(planned * minutes for _, planned, minutes in kinds),
        minutos_bons=sum(minutes for good, planned, minutes in kinds if good == planned),
        minutos_parciais=sum(minutes for good, planned, minutes in kinds if 0 < good < planned),
        minutos_perdidos=sum(minutes for good, _, minutes in kinds if good == 0),
    )
