"""The plan of all buses: each departure of the timetable goes to a bus that waits there or is fetched."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from brt_watch.network import Network
from brt_watch.simulate.activities import (
    NO_LINE,
    Activity,
    Doing,
    Journey,
    Label,
    Point,
    Spot,
    metres,
    scattered,
    straight,
)
from brt_watch.simulate.motion import GOVERNOR_KMH, Halt, place_on
from brt_watch.simulate.timetable import Departure, service_day, timetable
from brt_watch.simulate.traffic import Ended, Run, Traffic

LAYOVER_SECONDS = (180, 420)
SHORTEST_LAYOVER_S = 90
"""How long a bus rests at a terminal, and the minimum when a departure waits for it."""

PATIENCE_SECONDS = (500, 1100)
"""A bus without work for this long is driven to a garage, or parked where it is."""

SHUNTING_SECONDS = (300, 2400)
"""Time from the arrival in a garage until the ignition is switched off."""

TRANSFER_MS = 22 / 3.6

SILENT_WHEN_PARKED = 0.35
"""The share of parked buses whose device is disconnected from the battery within half an hour."""

LEAD = timedelta(hours=2)
"""How far the plan runs ahead of the display: a bus is fetched from a garage up to this long before it departs."""

FETCHED = 0.85
"""The share of departures without a bus that get one from a garage; the others wait for the next arrival."""

LATEST = 0.8, 900.0
"""A departure without a bus is cancelled after this share of its headway and this many seconds."""

RETRY_S = 30.0

APART = 0.35
"""A terminal does not dispatch two buses of a line within this share of their headway."""

TURNING_S = (120, 300)
CUT_STANDS_S, BROKEN_STANDS_S = (60, 240), (900, 3000)
"""How long a bus stands where it turns back, where its trip is cut short, and where it has broken down."""

STEP = timedelta(hours=1)


@dataclass(eq=False)
class _Bus:
    activities: deque[Activity]
    label: Label
    odometer_m: float
    free_at: float = 0.0
    layover: float = 0.0
    waits: int = 0


class Plan:
    """The activities of all buses, planned one hour at a time on demand.

    Everything before `until` (epoch seconds) is final. `hold_s` is the maximum time for which a bus is held at its
    terminal so that it departs midway between the previous departure and the next.
    """

    def __init__(
        self, network: Network, odometers_m: list[float], start: datetime, seed: str, hold_s: float = 0.0
    ) -> None:
        self._chance = Random(f"{seed}/plan")
        self._network = network
        self._seed = seed
        self._hold_s = hold_s
        self._now = self._next_day = service_day(start)
        self.until = (self._now - LEAD).timestamp()
        self._traffic = Traffic(network, seed)
        self._terminals = _terminals(network)
        self._garages = [
            Spot(garage.garagem_id, Point(garage.latitude, garage.longitude), garage.raio_m)
            for garage in network.garages
            if garage.tipo == "garagem"
        ]
        self._waiting: dict[Spot, list[_Bus]] = {spot: [] for spot in self._terminals.values()}
        self._parked: dict[Spot, list[_Bus]] = {}
        self._buses = [_Bus(deque(), NO_LINE, odometer) for odometer in odometers_m]
        paths = list(network.paths.values())
        morning = self._now.timestamp()
        for bus in self._buses:
            path = self._chance.choice(paths)
            bus.label = Label(path.linha, path.sentido)
            self._park(bus, morning - self._chance.uniform(1800, 8 * 3600), self._chance.choice(self._garages))

    def activities(self, bus: int) -> deque[Activity]:
        """Return the planned activities of a bus in order of time; all but the last may be removed."""
        return self._buses[bus].activities

    def journeys(self) -> Iterator[Activity]:
        """Yield the finished trips that were not removed, by bus."""
        return (each for bus in self._buses for each in bus.activities if each.journey)

    def extend(self) -> None:
        """Plan another hour."""
        self._now += STEP
        if self._now > self._next_day - STEP:
            for departure in timetable(self._network, self._next_day, self._seed):
                self._traffic.at(departure.due_at, self._due, departure)
            self._next_day += timedelta(days=1)
        self._traffic.run_until(self._now.timestamp())
        self.until = (self._now - LEAD).timestamp()

    # -- a departure ----------------------------------------------------------------------------------------------

    def _due(self, departure: Departure, now: float) -> None:
        """Assign a departure to the bus that has waited longest, or to the nearest parked one.

        Without a bus the departure waits, and is cancelled at last.
        """
        here = self._terminals[departure.path.linha, departure.path.sentido, "start"]
        before = self._traffic.last_departure((departure.path.linha, departure.path.sentido))
        if before is not None and now < before + APART * departure.interval_s:
            self._traffic.at(before + APART * departure.interval_s, self._due, departure)
        elif bus := self._ready(here, now, in_haste=now > departure.due_at):
            if (held_until := self._held_until(departure, now)) > now:
                self._traffic.at(held_until, self._due, departure._replace(next_at=-math.inf))
            else:
                self._send(bus, here, departure, now)
        elif now == departure.due_at and self._chance.random() < FETCHED and (bus := self._fetched(here, now)):
            self._send(bus, None, departure, now)
        elif now - departure.due_at < min(LATEST[0] * departure.interval_s, LATEST[1]):
            self._traffic.at(now + RETRY_S, self._due, departure)

    def _ready(self, here: Spot, now: float, in_haste: bool) -> _Bus | None:
        return next(
            (
                bus
                for bus in self._waiting[here]
                if bus.free_at + (SHORTEST_LAYOVER_S if in_haste else bus.layover) <= now
            ),
            None,
        )

    def _held_until(self, departure: Departure, now: float) -> float:
        """Return when a bus should depart so that the gap before it equals the one after it."""
        before = self._traffic.last_departure((departure.path.linha, departure.path.sentido))
        if not self._hold_s or before is None or departure.next_at == -math.inf:
            return now
        return min((before + departure.next_at) / 2, departure.due_at + self._hold_s)

    def _send(self, bus: _Bus, here: Spot | None, departure: Departure, now: float) -> None:
        """Start a trip of a bus, from a terminal where it waits or on arrival from a garage."""
        if here:
            self._waiting[here].remove(bus)
        path = departure.path
        drive = self._traffic.drives[path.linha, path.sentido]
        run = Run(drive, Random(departure.name), departure.interval_s, self._ended, departure.planned_at)
        self._begin(run, bus, now)

    def _begin(self, run: Run, bus: _Bus, now: float) -> None:
        self._until(bus, now)
        run.bus = self._buses.index(bus) if run.bus < 0 else run.bus
        self._traffic.begin(run, now)

    def _ended(self, run: Run, now: float, ended: Ended) -> None:
        """Record a finished trip, and plan the next activity of its bus."""
        bus, path, start = self._buses[run.bus], run.drive.path, run.calls[0].departure
        first, last = run.halts[0].metres, run.halts[-1].metres
        halts = tuple(
            Halt(halt.metres, halt.arrival - start, halt.departure - start, halt.limit_ms) for halt in run.halts
        )
        label = Label(path.linha, path.sentido)
        began = "terminal" if run.planned_at is not None else Ended.TURNED.value
        journey = Journey(began, ended.value, run.planned_at, run.interval_s, tuple(run.calls))
        at = Point(*place_on(path, first)[:2])
        trip = Activity(Doing.TRIP, start, now, at, bus.odometer_m, bus.label, path, halts, journey, label)
        trip.label_at = _label_at(start, run.chance)
        bus.activities.append(trip)
        bus.label = label if trip.label_at < now else bus.label
        bus.odometer_m += last - first
        here = Spot(ended.value, Point(*place_on(path, last)[:2]), 30)
        if ended is Ended.TERMINAL:
            self._wait(bus, now, self._terminals[path.linha, path.sentido, "end"])
        elif ended is Ended.TURNED:
            self._stand(bus, now, math.inf, here)
            self._traffic.at(now + run.chance.uniform(*TURNING_S), self._turn, run)
        else:
            stands = BROKEN_STANDS_S if ended is Ended.BROKEN else CUT_STANDS_S
            leaves_at = now + run.chance.uniform(*stands)
            self._stand(bus, now, leaves_at, here)
            self._traffic.at(leaves_at, self._goes_home, (bus, here))

    def _turn(self, run: Run, now: float) -> None:
        """Start a trip in the other direction for a bus that has turned back, from where it is."""
        path, stop = run.drive.path, run.drive.nodes[run.node].stop
        assert stop is not None
        drive = self._traffic.drives[path.linha, "volta" if path.sentido == "ida" else "ida"]
        begins_at = run.drive.turns[stop]
        assert begins_at is not None
        back = Run(drive, run.chance, run.interval_s, self._ended, bus=run.bus, node=drive.at_stop[begins_at])
        self._begin(back, self._buses[run.bus], now)

    def _fetched(self, to: Spot, at: float) -> _Bus | None:
        """Return the nearest parked bus that can be there in time, already under way."""
        for spot in sorted(self._parked, key=lambda spot: metres(spot.at, to.at)):
            leaves_at = at - metres(spot.at, to.at) / TRANSFER_MS - 120
            ignition_at = leaves_at - self._chance.uniform(300, 900)
            if ignition_at < at - LEAD.total_seconds():
                return None
            bus = next((bus for bus in self._parked[spot] if bus.free_at + 300 < ignition_at), None)
            if bus:
                self._parked[spot].remove(bus)
                self._until(bus, ignition_at)
                self._stand(bus, ignition_at, leaves_at, spot)
                arrives = self._transfer(bus, leaves_at, spot, to)
                self._stand(bus, arrives, math.inf, to)
                return bus
        return None

    # -- between departures -----------------------------------------------------------------------------------------

    def _wait(self, bus: _Bus, at: float, here: Spot) -> None:
        bus.free_at, bus.layover = at, self._chance.uniform(*LAYOVER_SECONDS)
        bus.waits += 1
        self._stand(bus, at, math.inf, here)
        self._waiting[here].append(bus)
        self._traffic.at(at + self._chance.uniform(*PATIENCE_SECONDS), self._loses_patience, (bus, here, bus.waits))

    def _loses_patience(self, waits: tuple[_Bus, Spot, int], now: float) -> None:
        bus, here, number = waits
        if bus.waits != number or bus not in self._waiting[here]:
            return
        self._waiting[here].remove(bus)
        evening = not 5 <= (now / 3600 - 3) % 24 < 20
        if self._chance.random() < (0.9 if evening else 0.5):
            self._goes_home((bus, here), now)
        else:
            self._until(bus, now)
            self._park(bus, now, here)

    def _goes_home(self, bus_and_place: tuple[_Bus, Spot], now: float) -> None:
        """Drive a bus to the nearest garage and park it."""
        bus, here = bus_and_place
        self._until(bus, now)
        garage = min(self._garages, key=lambda garage: metres(garage.at, here.at))
        arrives = self._transfer(bus, now, here, garage)
        parks = arrives + self._chance.uniform(*SHUNTING_SECONDS)
        self._stand(bus, arrives, parks, garage)
        self._park(bus, parks, garage)

    def _until(self, bus: _Bus, at: float) -> None:
        """End the current activity of the bus at this time."""
        bus.activities[-1].end = at

    def _stand(self, bus: _Bus, start: float, end: float, spot: Spot) -> None:
        where = scattered(spot.at, min(spot.radius_m / 3, 15), self._chance)
        bus.activities.append(Activity(Doing.WAIT, start, end, where, bus.odometer_m, bus.label))

    def _transfer(self, bus: _Bus, at: float, spot: Spot, to: Spot) -> float:
        """Drive without passengers; returns the time of arrival."""
        path = straight(spot.at, to.at)
        seconds = path.length_m / TRANSFER_MS + 60
        limit = GOVERNOR_KMH / 3.6
        halts = (Halt(0.0, 0.0, 0.0, limit), Halt(path.length_m, seconds, seconds, limit))
        bus.activities.append(
            Activity(Doing.TRANSFER, at, at + seconds, spot.at, bus.odometer_m, bus.label, path, halts)
        )
        bus.odometer_m += path.length_m
        return at + seconds

    def _park(self, bus: _Bus, at: float, spot: Spot) -> None:
        where = scattered(spot.at, spot.radius_m / 3, self._chance)
        silent_from = at + self._chance.uniform(60, 1800) if self._chance.random() < SILENT_WHEN_PARKED else math.inf
        parked = Activity(Doing.PARK, at, math.inf, where, bus.odometer_m, bus.label, silent_from=silent_from)
        bus.activities.append(parked)
        bus.free_at = at
        self._parked.setdefault(spot, []).append(bus)


def _label_at(start: float, chance: Random) -> float:
    """Return when the label changes for a trip: mostly before it departs, sometimes late, or never."""
    kind = chance.random()
    if kind < 0.85:
        return start + chance.uniform(-180, 30)
    return start + chance.uniform(60, 900) if kind < 0.97 else math.inf


def _terminals(network: Network) -> dict[tuple[str, str, str], Spot]:
    """Return the terminal of each end of each path: ends within 700 m form one terminal."""
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
