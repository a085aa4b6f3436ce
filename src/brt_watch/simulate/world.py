"""The simulated BRT as its API shows it: the last known signal of every registered vehicle, in a constant order."""

from __future__ import annotations

import heapq
import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from brt_watch.capture.simulation import Simulation
from brt_watch.clock import parse_moment
from brt_watch.network import Network
from brt_watch.simulate.activities import NO_LINE, Activity, Doing, Label, Point
from brt_watch.simulate.fleet import Use, Vehicle, registered
from brt_watch.simulate.plan import Plan
from brt_watch.simulate.signals import RARE, Signal, motion_of, signals_of
from brt_watch.simulate.timetable import service_day
from brt_watch.simulate.truth import Truth

LOOK_BACK = timedelta(minutes=35)
"""Every device that is not silent signals within this time."""

DAY = timedelta(days=1)

AGO = 900
"""Minimum time between repeats of old signals, and the age of the repeated signal, in seconds."""

BENCHES = [Point(-23.317, -46.578), Point(-22.9064, -43.1776), Point(-23.52, -46.62)]
"""Positions of trackers without a bus: two in São Paulo, one in the centre of Rio."""


class Sent(NamedTuple):
    """A signal in transit, sorted by its arrival. `row` is the vehicle's position in the API's table.

    Without a signal it is a pause: the vehicle sends nothing before that time, and later signals are not planned yet.
    """

    arrives: float
    row: int
    signal: Signal | None
    doing: str
    label: Label


class World:
    """A simulated BRT from a given time on, not before the start of the simulation."""

    def __init__(
        self, network: Network, simulation: Simulation, shown_from: datetime, truth: Truth | None = None
    ) -> None:
        self._network = network
        self._truth = truth
        self._moment = shown_from
        self._lock = threading.Lock()
        self.vehicles: list[Vehicle] = []
        self._streams: list[Iterator[Sent]] = []
        start = parse_moment(simulation.start)
        for copy in range(simulation.scale):
            self._add_fleet(f"{simulation.seed}/{copy}", copy, start, simulation.hold_s)
        self._texts = _texts(network)
        self._heads = [_head(vehicle) for vehicle in self.vehicles]
        self._rows: list[bytes] = [b""] * len(self.vehicles)
        # The first signal of every vehicle precedes the first displayed table, however old it is.
        self._next: list[Sent] = []
        for stream in self._streams:
            if sent := next(stream, None):
                self._next.append(sent)
        heapq.heapify(self._next)
        # Of earlier signals, the truth contains only the displayed ones.
        for sent in self._advance(self._moment.timestamp()):
            self._tell(sent)

    def body_at(self, moment: datetime) -> bytes:
        """Return the API's answer at a given time, not before the last requested one."""
        with self._lock:
            self._moment = max(moment, self._moment)
            self._advance(self._moment.timestamp(), self._tell)
            if self._truth:
                self._truth.flush()
            return b'{"veiculos":[' + b",".join(row for row in self._rows if row) + b"]}"

    # -- the passing of time --------------------------------------------------------------------------------------

    def _advance(self, now: float, tell: Callable[[Sent], None] | None = None) -> Iterable[Sent]:
        """Process all arrivals until now; returns the newest signal of each vehicle."""
        newest: dict[int, Sent] = {}
        while self._next and self._next[0].arrives <= now:
            sent = self._next[0]
            if sent.signal:
                newest[sent.row] = sent
                if tell:
                    tell(sent)
            if following := next(self._streams[sent.row], None):
                heapq.heapreplace(self._next, following)
            else:
                heapq.heappop(self._next)
        for row, sent in newest.items():
            if sent.signal:
                self._rows[row] = self._record(row, sent.signal)
        return newest.values()

    def _tell(self, sent: Sent) -> None:
        if self._truth and sent.signal:
            self._truth.signal(self.vehicles[sent.row], sent.signal, sent.doing, sent.label)

    # -- the streams of signals -----------------------------------------------------------------------------------

    def _add_fleet(self, seed: str, copy: int, start: datetime, hold_s: float) -> None:
        vehicles = registered(Random(f"{seed}/fleet"), copy)
        buses = [vehicle for vehicle in vehicles if vehicle.use is Use.SERVICE]
        plan = Plan(self._network, [bus.odometer_m for bus in buses], start, seed, hold_s)
        numbers = {bus.codigo: number for number, bus in enumerate(buses)}
        shown_from = max(self._moment, service_day(start))
        while plan.until <= shown_from.timestamp():
            plan.extend()
        for vehicle in vehicles:
            row = len(self.vehicles)
            self.vehicles.append(vehicle)
            if vehicle.use is Use.SERVICE:
                activities = self._of_bus(plan, numbers[vehicle.codigo], shown_from)
            elif vehicle.use is Use.BENCH:
                activities = self._on_a_bench(vehicle, shown_from)
            else:
                activities = iter([self._of_another(vehicle, seed, start)])
            self._streams.append(self._sent(vehicle, row, activities, plan, seed, shown_from))

    def _of_bus(self, plan: Plan, number: int, shown_from: datetime) -> Iterator[Activity | float]:
        """Yield the activities of a bus for ever, beginning with the one before the first displayed table.

        A number is the time (epoch seconds) until which a silent bus has no further plan.
        """
        activities = plan.activities(number)
        since = (shown_from - LOOK_BACK).timestamp()
        while len(activities) > 1 and activities[1].start <= since:
            activities.popleft()
        while True:
            yield activities[0]
            while len(activities) < 2:
                planned_until = plan.until
                if activities[0].end > planned_until:
                    yield planned_until
                if plan.until <= planned_until:
                    plan.extend()
            activities.popleft()

    def _on_a_bench(self, vehicle: Vehicle, shown_from: datetime) -> Iterator[Activity | float]:
        """Yield one day after another of a tracker that lies somewhere, switched on."""
        day = service_day(shown_from) - DAY
        at = BENCHES[int(vehicle.phase * len(BENCHES))]
        while True:
            end = (day + DAY).timestamp()
            yield Activity(Doing.WAIT, day.timestamp(), end, at, vehicle.odometer_m, NO_LINE)
            day += DAY

    def _of_another(self, vehicle: Vehicle, seed: str, start: datetime) -> Activity:
        """Return the only activity of a vehicle that is neither in service nor on a bench: it is parked."""
        chance = Random(f"{seed}/{vehicle.codigo}/other")
        garage = chance.choice(self._network.garages)
        at, label = Point(garage.latitude, garage.longitude), NO_LINE
        days = {Use.RESTING: (1.2, 30.0), Use.DEAD: (31.0, 600.0), Use.SUPPORT: (0.0, 0.0)}[vehicle.use]
        since = start.timestamp() - chance.uniform(3600, 7200) - chance.uniform(*days) * 86_400
        silent_from = since + 1 if vehicle.use is not Use.SUPPORT else math.inf
        if vehicle.codigo.isdigit() and chance.random() < 0.9:
            label = Label(*chance.choice(list(self._network.paths)))
        return Activity(Doing.PARK, since, math.inf, at, vehicle.odometer_m, label, silent_from=silent_from)

    def _sent(
        self,
        vehicle: Vehicle,
        row: int,
        activities: Iterator[Activity | float],
        plan: Plan,
        seed: str,
        shown_from: datetime,
    ) -> Iterator[Sent]:
        stamp, arrived = 0, 0.0
        earlier: Signal | None = None
        for activity in activities:
            if isinstance(activity, float):
                yield Sent(activity, row, None, "", NO_LINE)
                continue
            pieces = motion_of(vehicle, activity, seed)
            if self._truth and activity.journey and activity.end > shown_from.timestamp():
                self._truth.trip(vehicle, activity)
            label = _true_label(activity)
            signals = signals_of(vehicle, activity, pieces, seed)
            for signal in self._planned(signals, plan, activity) if activity.end == math.inf else signals:
                if signal.stamp <= stamp:
                    continue
                # The API accepts signals in any order; overtaken signals are rarer than repeated ones.
                arrives = max(signal.arrives, arrived + 0.001)
                stamp, arrived = signal.stamp, arrives
                yield Sent(arrives, row, signal, activity.doing.value, label)
                if earlier is None or signal.stamp // AGO > earlier.stamp // AGO:
                    if earlier and Random(f"{seed}/{vehicle.codigo}/{signal.stamp // AGO}").random() < RARE["back"]:
                        yield Sent(arrives + 1, row, earlier, activity.doing.value, label)
                    earlier = signal

    @staticmethod
    def _planned(signals: Iterator[Signal], plan: Plan, activity: Activity) -> Iterator[Signal]:
        """Yield the signals before the end of an activity whose end is not planned yet."""
        for signal in signals:
            while plan.until <= signal.at:
                plan.extend()
            if signal.at >= activity.end:
                return
            yield signal

    # -- a record of the API ----------------------------------------------------------------------------------------

    def _record(self, row: int, signal: Signal) -> bytes:
        vehicle = self.vehicles[row]
        bench = vehicle.use is Use.BENCH
        heading = 400 + signal.stamp % 517 if bench else signal.heading
        linha, sentido, trajeto, number = self._texts.get(signal.label, self._texts[NO_LINE])
        ignition = "null" if vehicle.ignition_unknown else signal.ignition
        return (
            f'{self._heads[row]}{linha},"latitude":{_number(signal.latitude, 6)},'
            f'"longitude":{_number(signal.longitude, 6)},"dataHora":{signal.stamp}000,'
            f'"velocidade":{_number(signal.speed, 1)},"id_migracao_trajeto":{number},"sentido":{sentido},'
            f'"trajeto":{trajeto},"hodometro":{_number(signal.odometer_m / 1000, 1)},'
            f'"direcao":{heading or _NORTH},"ignicao":{ignition},'
            '"capacidadePeVeiculo":0,"capacidadeSentadoVeiculo":0}'
        ).encode()


_NORTH = '" "'


def _number(value: float, digits: int) -> float | int:
    """Return a number as the API writes it: whole numbers without a decimal point."""
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _true_label(activity: Activity) -> Label:
    return Label(activity.path.linha, activity.path.sentido) if activity.path else activity.label


def _head(vehicle: Vehicle) -> str:
    return f'{{"codigo":{_json(vehicle.codigo)},"placa":{_json(vehicle.placa)},"linha":'


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _texts(network: Network) -> dict[Label, tuple[str, str, str, str]]:
    """Return the label's fields of a record as JSON: linha, sentido, trajeto, id_migracao_trajeto."""
    texts = {NO_LINE: ('"0"', '""', '""', '""')}
    for number, (linha, sentido) in enumerate(sorted(network.paths)):
        names = network.trajetos.get((linha, sentido), ())
        trajeto = names[0] if names else f"{linha} [{sentido.upper()}]"
        texts[Label(linha, sentido)] = (_json(linha), _json(sentido), _json(trajeto), _json(str(8900 + number)))
    return texts
