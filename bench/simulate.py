"""Simulating: how long a day takes, and a step of many fleets."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from statistics import mean, pstdev
from typing import NamedTuple

import psutil
from pydantic import HttpUrl

from bench import rig
from bench.rig import Result, Took
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.settings import Settings
from brt_watch.simulate.activities import Activity
from brt_watch.simulate.history import history
from brt_watch.simulate.plan import Plan
from brt_watch.simulate.timetable import Departure
from brt_watch.simulate.traffic import BUNCHED
from brt_watch.simulate.world import World

MORNING = datetime.fromisoformat("2025-06-05T10:00:00+00:00")
"""Seven o'clock in Rio, on a Thursday: the peak."""

MIDNIGHT = MORNING - timedelta(hours=7)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STEP = timedelta(seconds=20)
STEPS = 15
MEGABYTE = 1_000_000

BUSES, HOURS_OF_SERVICE = 670, 26
WHOLE = ("terminal", "terminal")


def simulate_day(hours: int = 4) -> Iterator[Result]:
    """Simulate and capture a day at 20 s: N hours, spread evenly over a Thursday, scaled up to 24."""
    network = read_network()
    ours, plain = [], []
    for number in range(hours):
        start = MIDNIGHT + number * DAY / hours + DAY / hours / 2
        with rig.folder() as data:
            settings = Settings(data=data, feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"))
            simulation = simulate_into(settings, Simulation.beginning(MIDNIGHT))
            ticks = history(settings, network, simulation, start, start + HOUR)
            # The first poll makes the world, which happens once a day.
            next(ticks)
            ours.append(rig.timed(partial(list, ticks)))
        world = World(network, simulation, start)
        plain.append(rig.timed(partial(_answers, world, start)))
    hour = f"{len(ours)} hours of 748 vehicles, spread over the day"
    note = f"processor time; {hour}, scaled up; plain: the answers alone, without truth and capture"
    yield Result("simulate_day", "s", _of_a_day(ours), _of_a_day(plain), note)


def _of_a_day(hours: list[Took]) -> float:
    return 24 * mean(took.processor for took in hours) / 1000


def _answers(world: World, start: datetime) -> None:
    for number in range(1, HOUR // STEP):
        world.body_at(start + number * STEP)


class ByTheBoard(Plan):
    """A plan whose buses follow the advice of the controller's board: a planned headway after the bus before."""

    def _held_until(self, departure: Departure, now: float) -> float:
        before = self._traffic.last_departure((departure.path.linha, departure.path.sentido))
        # The second time, it has been held.
        if before is None or departure.next_at == -math.inf or before + departure.interval_s - now < SHOWN_S:
            return now
        return min(before + departure.interval_s, departure.due_at + self._hold_s)


SHOWN_S = 30.0
"""The board shows no advice that is shorter."""


def hold(seconds: int = 120) -> Iterator[Result]:
    """Simulate a Thursday with buses held at terminals for up to N seconds, in two ways, and without (plain)."""
    without = _thursday(Plan, 0.0)
    for name, plan in (("midway", Plan), ("by_the_board", ByTheBoard)):
        held = _thursday(plan, float(seconds))
        note = f"{held.trips} and {without.trips} trips, one seed; ours: held up to {seconds} s, plain: not"
        for figure, unit in UNITS.items():
            yield Result(f"hold_{name} {figure}", unit, getattr(held, figure), getattr(without, figure), note)


def _thursday(kind: type[Plan], held_s: float) -> Service:
    plan = kind(read_network(), [0.0] * BUSES, MIDNIGHT + timedelta(hours=12), "1/0", held_s)
    for _ in range(HOURS_OF_SERVICE):
        plan.extend()
    return _of_the_service(list(plan.journeys()))


class Service(NamedTuple):
    """A day as its passengers and buses have it: means over all boardings, passages and trips."""

    trips: int
    wait_of_a_passenger: float
    headway_variation: float
    bunched_passages: float
    departure_after_plan: float
    time_of_a_trip: float


UNITS = {
    "wait_of_a_passenger": "s",
    "headway_variation": "",
    "bunched_passages": "%",
    "departure_after_plan": "s",
    "time_of_a_trip": "s",
}


def _of_the_service(trips: list[Activity]) -> Service:
    journeys = [(trip, trip.journey) for trip in trips if trip.journey]
    calls = [(journey, call) for _, journey in journeys for call in journey.calls]
    boarded = sum(call.boarding.boarded for _, call in calls)
    waited = sum(call.boarding.boarded * call.boarding.waited_s for _, call in calls)
    headways = [call.headway_s / journey.interval_s for journey, call in calls if call.headway_s]
    # A longer one spans hours in which the line has no service.
    headways = [headway for headway in headways if headway < 4]
    return Service(
        len(trips),
        waited / boarded,
        pstdev(headways) / mean(headways),
        100 * mean(headway < BUNCHED for headway in headways),
        mean(trip.start - journey.planned_at for trip, journey in journeys if journey.planned_at is not None),
        mean(trip.end - trip.start for trip, journey in journeys if (journey.began, journey.ended) == WHOLE),
    )


def simulate_scale(largest: int = 10) -> Iterator[Result]:
    """Let 20 seconds pass in 1, 10 and at most N fleets, and write the answer; the memory that they take."""
    network = read_network()
    for scale in [*(each for each in (1, 10) if each < largest), largest]:
        gc.collect()
        before = psutil.Process().memory_info().rss
        making = time.perf_counter()
        world = World(network, Simulation.beginning(MORNING, scale=scale), MORNING)
        making = time.perf_counter() - making
        times = [rig.timed(partial(world.body_at, MORNING + number * STEP)) for number in range(1, STEPS + 1)]
        memory = psutil.Process().memory_info().rss - before
        vehicles = f"{len(world.vehicles)} vehicles at 07:00 in Rio"
        note = f"{vehicles}; median of {STEPS} steps, the longest {max(took.wall for took in times):.0f} ms"
        yield Result(f"simulate_step_{scale}", "ms", rig.wall(times), None, note)
        yield Result(f"simulate_begin_{scale}", "s", making, None, f"{vehicles}; until the first answer can be given")
        yield Result(f"simulate_memory_{scale}", "MB", memory / MEGABYTE, None, f"{vehicles}; resident, what was added")
        del world
