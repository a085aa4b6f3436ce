"""What every vehicle does now, by the rules of the city's table (`status`), from the signals as they come.

Speeds, the path and the direction look back: ten minutes of signals are kept of every vehicle. No input or output here.
The values are those of dbt/dbt_project.yml; a test holds them to be the same.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean
from typing import NamedTuple

from brt_watch.network import direction as course
from brt_watch.network import metres_between
from brt_watch.network.direction import Course
from brt_watch.network.matching import ON_PATH_M, STATION_M, Place
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import AgeClass, Direction, Doing, NearStation, Pass, Vehicle
from brt_watch.web.signals import Signal

LOOK_BACK_S = 600
LOOK_BACK = timedelta(seconds=LOOK_BACK_S)
MOVING_KMH = 3.0
FASTEST_KMH = 60.0
FUTURE = timedelta(hours=1)
"""A stamp further ahead of its capture than this is not taken for the newest."""

LIVE, LATE, SILENT = 120, 600, 86_400
BOX = (-23.13, -22.59, -43.87, -43.0)
"""South, north, west, east of the BRT, as the city draws it."""

LAST_PASSES = 3
AGAIN = timedelta(minutes=5)
"""A bus that stands at a station wavers over its middle: within this time it passes once."""

LONGEST_STEP = timedelta(seconds=180)
LONGEST_STEP_M = 3000.0


class _Seen(NamedTuple):
    signal: Signal
    speed_kmh: float | None
    on_line: bool
    places: dict[str, Place]
    moved: Direction | None


@dataclass
class _Track:
    """What is remembered of a vehicle."""

    seen: deque[_Seen] = field(default_factory=deque)
    course: Course = field(default_factory=Course)
    captured_at: datetime | None = None
    changed_at: datetime | None = None
    vehicle: Vehicle | None = None


class Fleet:
    """All vehicles, as of the newest poll."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._tracks: dict[str, _Track] = defaultdict(_Track)
        self._passes: dict[str, dict[tuple[str, Direction], deque[tuple[str, datetime]]]] = defaultdict(dict)
        self.newest: datetime | None = None

    def take(self, tick: datetime, captured_at: datetime, signals: list[Signal]) -> None:
        """Take the records of a poll."""
        self.newest = captured_at
        for signal in signals:
            track = self._tracks[signal.codigo]
            if self._is_newer(signal, track, captured_at):
                if track.seen and track.seen[-1].signal.datahora > signal.datahora:
                    track.seen.clear()
                    track.course = Course()
                self._add(signal, track)
                track.captured_at, track.changed_at, track.vehicle = captured_at, tick, None

    @staticmethod
    def _is_newer(signal: Signal, track: _Track, captured_at: datetime) -> bool:
        if not track.seen or track.captured_at is None:
            return True
        before = track.seen[-1].signal.datahora
        if signal.datahora > captured_at + FUTURE:
            return before > track.captured_at + FUTURE and signal.datahora > before
        return signal.datahora > before or before > track.captured_at + FUTURE

    def _add(self, signal: Signal, track: _Track) -> None:
        before = track.seen[-1] if track.seen else None
        places = self._reference.positions.places(signal.linha, signal.at, signal.heading)
        on_line = any(place.offset_m <= ON_PATH_M for place in places.values())
        speed = moved = None
        # What cannot be true is no neighbour of what can.
        if is_believable(signal):
            speed = _speed_between(before.signal, signal) if before and is_believable(before.signal) else None
            moved = track.course.take(course.Seen(signal.datahora.timestamp(), signal.linha, signal.at, places))
        track.seen.append(_Seen(signal, speed, on_line, places, moved))
        while track.seen[0].signal.datahora < signal.datahora - LOOK_BACK and len(track.seen) > 2:
            track.seen.popleft()
        if before and before.signal.linha == signal.linha:
            self._note_passes(before, track.seen[-1])

    def _note_passes(self, before: _Seen, now: _Seen) -> None:
        linha, sentido = now.signal.linha, now.moved or now.signal.goes
        step = now.signal.datahora - before.signal.datahora
        if linha is None or sentido is None or step > LONGEST_STEP:
            return
        start, end = before.places.get(sentido), now.places.get(sentido)
        if not start or not end or max(start.offset_m, end.offset_m) > 2 * ON_PATH_M:
            return
        came = end.progress_m - start.progress_m
        if not 0 < came <= LONGEST_STEP_M:
            return
        for stop in self._reference.network.paths[linha, sentido].stops:
            if start.progress_m < stop.distancia_m <= end.progress_m:
                at = before.signal.datahora + step * ((stop.distancia_m - start.progress_m) / came)
                passes = self._passes[stop.estacao_id].setdefault((linha, sentido), deque(maxlen=LAST_PASSES))
                if not any(codigo == now.signal.codigo and at - before < AGAIN for codigo, before in passes):
                    passes.append((now.signal.codigo, at))

    def passes(self, estacao_id: str) -> list[Pass]:
        """Return the last passes of a station, the newest first, at most three a line and direction."""
        newest = self.newest
        found = [
            Pass(linha, sentido, codigo, at, max(0.0, round((newest - at).total_seconds(), 1)) if newest else 0.0)
            for (linha, sentido), passes in self._passes.get(estacao_id, {}).items()
            for codigo, at in passes
        ]
        return sorted(found, key=lambda each: each.datahora, reverse=True)

    def vehicles(self) -> list[Vehicle]:
        """Return all vehicles by their codes, their ages as of the newest poll."""
        assert self.newest
        return [self._vehicle(self._tracks[codigo], self.newest) for codigo in sorted(self._tracks)]

    def changed_at(self, codigo: str) -> datetime:
        """Return the tick at which the newest signal of a vehicle was first seen."""
        tick = self._tracks[codigo].changed_at
        assert tick
        return tick

    def _vehicle(self, track: _Track, now: datetime) -> Vehicle:
        signal = track.seen[-1].signal
        age = max(0.0, round((now - signal.datahora).total_seconds(), 1))
        if not track.vehicle or track.vehicle.idade_segundos != age:
            track.vehicle = self._describe(track, age)
        return track.vehicle

    def _describe(self, track: _Track, age: float) -> Vehicle:
        if track.vehicle:
            return _aged(track.vehicle, age)
        reference, newest = self._reference, track.seen[-1]
        signal = newest.signal
        believable = is_believable(signal)
        moved = newest.moved
        place = newest.places.get(moved or signal.goes or "")
        near = reference.positions.nearest_station(signal.at) if believable else None
        mean = _mean_speed(track)
        line = reference.lines.get(signal.linha or "")
        return Vehicle(
            codigo=signal.codigo,
            placa=signal.placa,
            linha=signal.linha,
            sentido=signal.goes,
            sentido_estimado=moved,
            sentido_corrigido=moved is not None and moved != signal.goes,
            trajeto=signal.trajeto,
            velocidade=signal.velocidade,
            velocidade_media_10_min=round(min(mean, FASTEST_KMH), 1),
            direcao=signal.heading,
            ignicao=signal.ignicao,
            datahora=signal.datahora,
            idade_segundos=age,
            classe_idade=age_class(age),
            status=self._status(track, mean) if believable and age <= SILENT else None,
            estacao_proxima=NearStation(
                near.estacao_id, reference.network.stations[near.estacao_id].nome, round(near.distance_m, 1)
            )
            if near
            else None,
            progresso_m=round(place.progress_m, 1) if place else None,
            desvio_m=round(place.offset_m, 1) if place else None,
            comprimento_m=reference.length(signal.linha, moved or signal.goes),
            corredores=line.corredores if line else [],
            latitude=signal.latitude,
            longitude=signal.longitude,
        )

    def _status(self, track: _Track, mean_kmh: float) -> Doing:
        newest = track.seen[-1].signal
        on_line = any(each.on_line for each in _within(track, LOOK_BACK))
        if mean_kmh >= MOVING_KMH:
            return "Em operação" if on_line else "Operando fora trajeto"
        if self._reference.positions.in_garage(newest.at):
            return "Parado garagem"
        near = self._reference.positions.nearest_station(newest.at)
        if near and round(near.distance_m, 1) < STATION_M:
            return "Parado terminal"
        return "Parado trajeto correto" if on_line else "Parado fora trajeto"


def age_class(age_seconds: float) -> AgeClass:
    """Return the class of an age."""
    if age_seconds <= LIVE:
        return "ao vivo"
    if age_seconds <= LATE:
        return "atrasado"
    return "em silêncio" if age_seconds <= SILENT else "fora de operação"


def is_believable(signal: Signal) -> bool:
    """Whether a position can be one of the BRT."""
    south, north, west, east = BOX
    return south <= signal.latitude <= north and west <= signal.longitude <= east


def _aged(vehicle: Vehicle, age: float) -> Vehicle:
    values = {name: getattr(vehicle, name) for name in vehicle.__struct_fields__}
    status = vehicle.status if age <= SILENT else None
    return Vehicle(**(values | {"idade_segundos": age, "classe_idade": age_class(age), "status": status}))


def _within(track: _Track, span: timedelta) -> list[_Seen]:
    since = track.seen[-1].signal.datahora - span
    return [each for each in track.seen if each.signal.datahora >= since]


def _mean_speed(track: _Track) -> float:
    """Return the mean of ten minutes; before a second signal nothing is known, so that the device is believed."""
    speeds = [each.speed_kmh for each in _within(track, LOOK_BACK) if each.speed_kmh is not None]
    return fmean(speeds) if speeds else track.seen[-1].signal.velocidade or 0.0


def _speed_between(before: Signal, now: Signal) -> float | None:
    seconds = (now.datahora - before.datahora).total_seconds()
    # In whole metres an hour, as in the models.
    return round(3.6 * metres_between(*before.at, *now.at) / seconds, 3) if 0 < seconds <= LOOK_BACK_S else None
