"""Who drives what, and when: the timetable's departures, each given to a bus that waits there or is fetched."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from brt_watch.clock import RIO
from brt_watch.network import Network, Path
from brt_watch.simulate.activities import NO_LINE, Activity, Doing, Label, Point, Spot, metres, scattered, straight
from brt_watch.simulate.motion import quickest_seconds
from brt_watch.simulate.timetable import Departure, service_day, timetable

TIME_FACTOR = [
    *[0.95, 0.94, 0.93, 0.93, 0.93, 0.94, 1.00, 1.03, 1.03, 1.01, 1.00, 1.00],
    *[1.01, 1.02, 1.03, 1.03, 1.05, 1.08, 1.08, 1.06, 1.00, 0.98, 0.97, 0.96],
]
"""How long a trip takes by the hour, beside the timetable (the city's medians by segment and hour, 2022)."""

LAYOVER_SECONDS = (200, 480)
PATIENCE_SECONDS = (500, 1100)
"""A bus that nobody needs for so long is driven to a garage, or parked where it is."""

SHUNTING_SECONDS = (300, 2400)
"""From the arrival in a garage until the ignition is switched off."""

TRANSFER_MS = 22 / 3.6
USUAL_MS = 27 / 3.6
"""From end to end, on a line of which the timetable does not say it."""

SILENT_WHEN_PARKED = 0.35
"""The share of parked buses whose device is cut off from its battery within half an hour."""


@dataclass(eq=False)
class _Bus:
    activities: deque[Activity]
    label: Label
    odometer_m: float
    free_at: float = 0.0
    layover: float = 0.0


class Plan:
    """What each of a number of buses does, a day at a time, for as many days as are asked for."""

    def __init__(self, network: Network, odometers_m: list[float], start: datetime, seed: str) -> None:
        self._chance = Random(f"{seed}/plan")
        self._network = network
        self._seed = seed
        self._day = service_day(start)
        self.until = self._day.timestamp()
        self._left: list[Departure] = []
        self._terminals = _terminals(network)
        self._garages = [
            Spot(garage.garagem_id, Point(garage.latitude, garage.longitude), garage.raio_m)
            for garage in network.garages
            if garage.tipo == "garagem"
        ]
        self._waiting: dict[Spot, list[_Bus]] = {spot: [] for spot in self._terminals.values()}
        self._parked: dict[Spot, list[_Bus]] = {}
        self._impatient: list[tuple[float, int, _Bus, Spot]] = []
        self._buses = [_Bus(deque(), NO_LINE, odometer) for odometer in odometers_m]
        self._count = 0
        self._seconds = {
            key: (network.lines[key[0]].viagem_s or path.length_m / USUAL_MS, quickest_seconds(path))
            for key, path in network.paths.items()
            if key[0] in network.lines
        }
        paths = list(network.paths.values())
        for bus in self._buses:
            path = self._chance.choice(paths)
            bus.label = Label(path.linha, path.sentido)
            self._park(bus, self.until - self._chance.uniform(1800, 8 * 3600), self._chance.choice(self._garages))

    def activities(self, bus: int) -> deque[Activity]:
        """Return what a bus does, in the order of time, as far as it is planned; all but the last may be taken away."""
        return self._buses[bus].activities

    def extend(self) -> None:
        """Plan another day."""
        day, self._day = self._day, self._day + timedelta(days=1)
        self.until = self._day.timestamp()
        departures = [*self._left, *timetable(self._network, day, self._seed)]
        departures.sort(key=lambda departure: departure.at)
        self._left = [departure for departure in departures if departure.at >= self.until]
        for departure in departures[: len(departures) - len(self._left)]:
            self._run_out_of_patience(departure.at)
            self._give(departure)
        self._run_out_of_patience(self.until)

    # -- a departure ----------------------------------------------------------------------------------------------

    def _give(self, departure: Departure) -> None:
        """Give a departure to the bus that has waited longest, or to the nearest one that is parked; or cancel it."""
        at, path = departure
        here = self._terminals[path.linha, path.sentido, "start"]
        ready = [bus for bus in self._waiting[here] if bus.free_at + bus.layover <= at]
        if ready:
            self._waiting[here].remove(bus := ready[0])
        elif fetched := self._fetched(here, at):
            bus = fetched
        else:
            return
        self._until(bus, at)
        length = path.stops[-1].distancia_m - path.stops[0].distancia_m
        seconds = self._seconds_of(path, at)
        label = Label(path.linha, path.sentido)
        trip = Activity(
            Doing.TRIP, at, at + seconds, here.at, bus.odometer_m, bus.label, path, label, self._label_at(at)
        )
        bus.activities.append(trip)
        bus.label = label if trip.label_at < trip.end else bus.label
        bus.odometer_m += length
        self._wait(bus, at + seconds, self._terminals[path.linha, path.sentido, "end"])

    def _seconds_of(self, path: Path, at: float) -> float:
        planned, quickest = self._seconds[path.linha, path.sentido]
        hour = datetime.fromtimestamp(at, RIO).hour
        return max(planned * TIME_FACTOR[hour] * self._chance.lognormvariate(0, 0.06), quickest)

    def _label_at(self, at: float) -> float:
        """Return when the label follows the trip: mostly before it departs, sometimes late, or never."""
        kind = self._chance.random()
        return at + (
            self._chance.uniform(-180, 30)
            if kind < 0.85
            else self._chance.uniform(60, 900)
            if kind < 0.97
            else math.inf
        )

    def _fetched(self, to: Spot, at: float) -> _Bus | None:
        """Return the nearest parked bus that can be there in time, on its way."""
        for spot in sorted(self._parked, key=lambda spot: metres(spot.at, to.at)):
            leaves_at = at - metres(spot.at, to.at) / TRANSFER_MS - 120
            ignition_at = leaves_at - self._chance.uniform(300, 900)
            bus = next((bus for bus in self._parked[spot] if bus.free_at + 300 < ignition_at), None)
            if bus:
                self._parked[spot].remove(bus)
                self._until(bus, ignition_at)
                self._stand(bus, ignition_at, leaves_at, spot)
                self._transfer(bus, leaves_at, spot, to)
                return bus
        return None

    # -- between departures -----------------------------------------------------------------------------------------

    def _wait(self, bus: _Bus, at: float, here: Spot) -> None:
        bus.free_at, bus.layover = at, self._chance.uniform(*LAYOVER_SECONDS)
        self._stand(bus, at, math.inf, here)
        self._waiting[here].append(bus)
        self._count += 1
        heapq.heappush(self._impatient, (at + self._chance.uniform(*PATIENCE_SECONDS), self._count, bus, here))

    def _run_out_of_patience(self, now: float) -> None:
        while self._impatient and self._impatient[0][0] <= now:
            at, _, bus, here = heapq.heappop(self._impatient)
            waits = bus.activities[-1]
            if bus not in self._waiting[here] or waits.start != bus.free_at or waits.start > at:
                continue
            self._waiting[here].remove(bus)
            self._until(bus, at)
            evening = not 5 <= datetime.fromtimestamp(at, RIO).hour < 20
            if self._chance.random() < (0.9 if evening else 0.5):
                garage = min(self._garages, key=lambda garage: metres(garage.at, here.at))
                arrives = self._transfer(bus, at, here, garage)
                parks = arrives + self._chance.uniform(*SHUNTING_SECONDS)
                self._stand(bus, arrives, parks, garage)
                self._park(bus, parks, garage)
            else:
                self._park(bus, at, here)

    def _until(self, bus: _Bus, at: float) -> None:
        """End what the bus did, at this moment."""
        bus.activities[-1].end = at

    def _stand(self, bus: _Bus, start: float, end: float, spot: Spot) -> None:
        where = scattered(spot.at, min(spot.radius_m / 3, 15), self._chance)
        bus.activities.append(Activity(Doing.WAIT, start, end, where, bus.odometer_m, bus.label))

    def _transfer(self, bus: _Bus, at: float, spot: Spot, to: Spot) -> float:
        """Drive without passengers; returns the moment of arrival."""
        path = straight(spot.at, to.at)
        arrives = at + path.metres[-1] / TRANSFER_MS + 60
        bus.activities.append(Activity(Doing.TRANSFER, at, arrives, spot.at, bus.odometer_m, bus.label, path))
        bus.odometer_m += path.metres[-1]
        return arrives

    def _park(self, bus: _Bus, at: float, spot: Spot) -> None:
        where = scattered(spot.at, spot.radius_m / 3, self._chance)
        silent_from = at + self._chance.uniform(60, 1800) if self._chance.random() < SILENT_WHEN_PARKED else math.inf
        parked = Activity(Doing.PARK, at, math.inf, where, bus.odometer_m, bus.label, silent_from=silent_from)
        bus.activities.append(parked)
        bus.free_at = at
        self._parked.setdefault(spot, []).append(bus)


def _terminals(network: Network) -> dict[tuple[str, str, str], Spot]:
    """Return the spot of each end of each path: ends that lie within 700 m are one terminal."""
    spots: list[Spot] = []
    ends = {}
    for path in network.paths.values():
        for end, stop in (("start", path.stops[0]), ("end", path.stops[-1])) if path.stops else ():
            station = network.stations[stop.estacao_id]
            at = Point(station.latitude, station.longitude)
            spot = next((spot for spot in spots if metres(spot.at, at) < 700), None)
            if not spot:
                spots.append(spot := Spot(station.estacao_id, at, 90))
            ends[path.linha, path.sentido, end] = spot
    return ends
