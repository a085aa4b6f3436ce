"""All buses on the road: the lanes, platforms and passengers that they share, processed event by event.

A bus stays behind the previous one on a lane, waits for an occupied platform, and stands as long as passengers need.
Late buses find more passengers, hence bunching. Long because all buses share the state of the road.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import NamedTuple

from brt_watch.network import Network
from brt_watch.simulate.motion import ACCELERATION, BRAKING, Halt, seconds_of_a_run
from brt_watch.simulate.passengers import ALIGHTING_S, BOARDING_S, CAPACITY, DEAD_TIME_S, Boarding, demand_of
from brt_watch.simulate.roads import Drive, Roads

USUAL_MS = 27 / 3.6
"""Speed from end to end on a line whose scheduled time is unknown."""

TIME_FACTOR = [
    *[0.95, 0.94, 0.93, 0.93, 0.93, 0.94, 1.00, 1.03, 1.03, 1.01, 1.00, 1.00],
    *[1.01, 1.02, 1.03, 1.03, 1.05, 1.08, 1.08, 1.06, 1.00, 0.98, 0.97, 0.96],
]
"""Trip time by hour, relative to the timetable (the city's medians by segment and hour, 2022)."""

USUAL_DWELL_S = 18.0
"""The timetable's assumed time for a stop."""

USUAL_WAIT_BEHIND_S = 22.0
"""The timetable's assumed time for a passed station: waiting behind buses that stop there."""

LEAST_SLACK = 0.06
"""Minimum time lost between stations, as a share of an undisturbed run."""

FOLLOW_S = 4.0
"""Minimum time between two buses on a lane."""

CLEAR_S = 6.0
"""Time from a departure until the next bus stands at the platform."""

BERTHS = 2
"""Berths of a platform, one behind the other."""

QUEUE_M = 30.0
"""Length of a bus in a queue."""

LONG_STOPS, LONG_STOP_S = 0.03, 40.0
"""The share of prolonged stops (a wheelchair, a door), and the extra time."""

TURNS_BACK = 0.015
"""The share of bunched buses that turn back, at stations where they can."""

BUNCHED = 0.25
"""A bus is bunched when it follows the previous one within less than this share of its headway."""

KEEPS_BACK, KEEPS_BACK_S = 0.15, 12.0
"""A driver this close behind a bus of the same line, as a share of the headway, stays this much longer at a stop."""

BREAKS_DOWN, IS_CUT = 1 / 500, 1 / 160
"""The share of trips that end with a breakdown, or are cut short at a station."""

BLOCKED_S = (60, 240)
"""How long a bus that breaks down blocks its lane before others are led around it."""


class Ended(str, Enum):
    """The reason for the end of a trip, in the words of the truth's files."""

    TERMINAL = "terminal"
    TURNED = "retorno"
    CUT = "encurtada"
    BROKEN = "avaria"


class Call(NamedTuple):
    """A bus at a station of its trip. `headway_s` is the time since the last departure of its line and direction."""

    order: int
    estacao_id: str
    arrival: float
    departure: float
    alighted: int
    boarding: Boarding
    on_board: int
    headway_s: float | None


Finish = Callable[["Run", float, Ended], None]


@dataclass(eq=False)
class Run:
    """A trip on its way. `interval_s` is the planned interval, `planned_at` the planned departure, if any."""

    drive: Drive
    chance: Random
    interval_s: float
    finish: Finish
    planned_at: float | None = None
    bus: int = -1
    node: int = 0
    on_board: int = 0
    calls: list[Call] = field(default_factory=list)
    halts: list[Halt] = field(default_factory=list)
    governor: float = 1.0
    pace: float = 1.0
    breaks_after: int = -1
    cut_at: int = -1
    base_at: float = 0.0
    base_share: float = 0.0
    rest_s: float = 0.0
    gap_s: float = 0.0
    held_s: float = 0.0


class Traffic:
    """All runs of a network, in a single order of time."""

    def __init__(self, network: Network, seed: str) -> None:
        self._seed = seed
        roads = Roads(network)
        self.drives = roads.drives
        self._demand = demand_of(network, seed)
        self._events: list[tuple[float, int, Callable[..., None], object]] = []
        self._count = 0
        self._lane_free_at = [0.0] * roads.sections
        self._starts: list[deque[float]] = [deque(maxlen=6) for _ in range(roads.platforms)]
        self._leaves: list[deque[float]] = [deque([0.0] * BERTHS, maxlen=BERTHS) for _ in range(roads.platforms)]
        self._left_at: dict[tuple[str, str], list[float | None]] = {
            key: [None] * len(drive.path.stops) for key, drive in self.drives.items()
        }
        self._lost: dict[tuple[str, str], list[float]] = {
            key: _lost_by_hour(network, drive) for key, drive in self.drives.items()
        }
        self._congestion: dict[tuple[int, int], float] = {}

    def at(self, moment: float, action: Callable[..., None], argument: object) -> None:
        """Schedule an event."""
        self._count += 1
        heapq.heappush(self._events, (moment, self._count, action, argument))

    def run_until(self, moment: float) -> None:
        """Process all events before a given time."""
        while self._events and self._events[0][0] < moment:
            now, _, action, argument = heapq.heappop(self._events)
            action(argument, now)

    def last_departure(self, key: tuple[str, str]) -> float | None:
        """Return the last departure of a line and direction from its first station."""
        return self._left_at[key][0]

    def begin(self, run: Run, now: float) -> None:
        """Start a trip at the stop of its node."""
        chance, nodes = run.chance, run.drive.nodes
        run.governor = chance.gauss(1, 0.009)
        run.pace = chance.lognormvariate(0, 0.08)
        fate, ends = chance.random(), len(nodes) - 1
        place = chance.randrange(run.node, ends)
        if fate < BREAKS_DOWN:
            run.breaks_after = place
        elif fate < BREAKS_DOWN + IS_CUT:
            run.cut_at = place
        stop = nodes[run.node].stop
        assert stop is not None
        boarding = self._board(run, stop, now)
        self._call(run, now, now, 0, boarding)
        run.halts.append(Halt(nodes[run.node].metres, now, now, 1.0))
        self._leave(run, now)

    # -- between stations --------------------------------------------------------------------------------------------

    def _leave(self, run: Run, now: float) -> None:
        """Leave a stop for the next one."""
        node = run.drive.nodes[run.node]
        assert node.stop is not None
        gap = run.drive.gaps[node.stop]
        path = run.drive.path
        lost = self._lost[path.linha, path.sentido][_hour(now)] * gap.free_s
        many = max(gap.length_m / 200, 2.0)
        lost *= run.pace * self._congested(node.section, now) * run.chance.gammavariate(many, 1 / many)
        run.base_at, run.base_share = now, 0.0
        run.gap_s = run.rest_s = gap.free_s / run.governor + lost
        self._enter(run, now)

    def _enter(self, run: Run, now: float) -> None:
        """Drive on the lane to the next station, behind whoever is on it."""
        number = run.node + 1
        node = run.drive.nodes[number]
        arrives = run.base_at + (node.share - run.base_share) / (1 - run.base_share) * run.rest_s
        free_at = self._lane_free_at[node.section]
        run.held_s = free_at - arrives
        if run.held_s > 0:
            arrives = free_at
        if run.breaks_after == run.node:
            self._break_down(run, now, arrives, node.section)
            return
        self._lane_free_at[node.section] = arrives + FOLLOW_S
        run.node = number
        self.at(arrives, self._reach, run)

    def _pass(self, run: Run, now: float) -> None:
        """Pass a station without stopping; a bus held up behind another one has slowed down."""
        node = run.drive.nodes[run.node]
        if run.held_s > 0:
            limit = node.limit_ms * run.governor
            stood = run.held_s > limit / 2 / BRAKING + 1
            if stood:
                run.halts.append(Halt(node.metres, now, now, limit))
            run.base_at, run.base_share = now, node.share
            run.rest_s = (1 - node.share) * run.gap_s + (limit / 2 / ACCELERATION + 1 if stood else 0)
        self._enter(run, now)

    def _break_down(self, run: Run, now: float, arrives: float, section: int) -> None:
        """Stop between two stations for good; the lane is blocked for a while."""
        node, following = run.drive.nodes[run.node : run.node + 2]
        metres = (node.metres + following.metres) / 2
        limit = following.limit_ms * run.governor
        at = (now + arrives) / 2 + limit / 2 / BRAKING + 2
        run.halts.append(Halt(metres, at, at, limit))
        self._lane_free_at[section] = max(self._lane_free_at[section], at) + run.chance.uniform(*BLOCKED_S)
        stop = next(node.stop for node in run.drive.nodes[run.node + 1 :] if node.stop is not None)
        self._demand[run.drive.path.linha, run.drive.path.sentido].put_down(stop, at, run.on_board)
        self.at(at, self._has_broken_down, run)

    def _has_broken_down(self, run: Run, now: float) -> None:
        run.finish(run, now, Ended.BROKEN)

    # -- at a station ------------------------------------------------------------------------------------------------

    def _reach(self, run: Run, now: float) -> None:
        """Arrive at a station: pass it, or stop at its platform when there is room."""
        node = run.drive.nodes[run.node]
        stop = node.stop
        if stop is None:
            self._pass(run, now)
            return
        path = run.drive.path
        limit = node.limit_ms * run.governor
        is_last = run.node == len(run.drive.nodes) - 1
        if is_last or run.node == run.cut_at or self._turns_back(run, stop, now):
            ended = Ended.TERMINAL if is_last else Ended.CUT if run.node == run.cut_at else Ended.TURNED
            if not is_last:
                self._demand[path.linha, path.sentido].put_down(stop, now, run.on_board)
            alighted, run.on_board = run.on_board, 0
            self._call(run, now, now, alighted, Boarding(0, 0, 0.0))
            run.halts.append(Halt(node.metres, now, now, limit))
            run.finish(run, now, ended)
            return
        starts, leaves = self._starts[node.platform], self._leaves[node.platform]
        start = max(now, leaves[0] + CLEAR_S)
        if start > now:
            self._queue(run, now, start, sum(other > now for other in starts))
        starts.append(start)
        alighted = int(run.on_board * self._demand[path.linha, path.sentido].alight[stop] + run.chance.random())
        run.on_board -= alighted
        boarding = self._board(run, stop, start)
        seconds = self._dwell(run, alighted, boarding.boarded)
        before = self._left_at[path.linha, path.sentido][stop]
        if before is not None and start - before < KEEPS_BACK * run.interval_s:
            seconds += run.chance.expovariate(1 / KEEPS_BACK_S)
        leaves_at = max(start + seconds, leaves[-1] + FOLLOW_S)
        leaves.append(leaves_at)
        run.halts.append(Halt(node.metres, start, leaves_at, limit))
        self._call(run, start, leaves_at, alighted, boarding)
        self.at(leaves_at, self._depart, run)

    def _depart(self, run: Run, now: float) -> None:
        self._leave(run, now)

    def _queue(self, run: Run, now: float, start: float, waiting: int) -> None:
        """Stand behind the platform, if it stays occupied long enough for a bus to stop before it."""
        node = run.drive.nodes[run.node]
        limit = node.limit_ms * run.governor
        for buses in range(waiting + 1, 0, -1):
            crawl = seconds_of_a_run(buses * QUEUE_M, limit) + 1
            metres = node.metres - buses * QUEUE_M
            if start - now > crawl and metres > run.halts[-1].metres + 2 * QUEUE_M:
                run.halts.append(Halt(metres, now, start - crawl, limit))
                return

    def _dwell(self, run: Run, alighted: int, boarded: int) -> float:
        """Return the passengers' boarding and alighting time; each takes longer in a full bus."""
        crowd = 1 + (run.on_board / CAPACITY) ** 2
        seconds = DEAD_TIME_S * run.chance.lognormvariate(0, 0.3)
        seconds += (boarded * BOARDING_S + alighted * ALIGHTING_S) * crowd * run.chance.lognormvariate(0, 0.25)
        if run.chance.random() < LONG_STOPS:
            seconds += run.chance.expovariate(1 / LONG_STOP_S)
        return seconds

    def _board(self, run: Run, stop: int, now: float) -> Boarding:
        path = run.drive.path
        boarding = self._demand[path.linha, path.sentido].board(stop, now, CAPACITY - run.on_board, run.chance)
        run.on_board += boarding.boarded
        return boarding

    def _call(self, run: Run, arrival: float, departure: float, alighted: int, boarding: Boarding) -> None:
        path = run.drive.path
        node = run.drive.nodes[run.node]
        assert node.stop is not None
        left_at = self._left_at[path.linha, path.sentido]
        before = left_at[node.stop]
        headway = departure - before if before is not None else None
        left_at[node.stop] = departure
        call = Call(node.stop + 1, node.estacao_id, arrival, departure, alighted, boarding, run.on_board, headway)
        run.calls.append(call)

    def _turns_back(self, run: Run, stop: int, now: float) -> bool:
        path = run.drive.path
        before = self._left_at[path.linha, path.sentido][stop]
        return (
            run.drive.turns[stop] is not None
            and before is not None
            and now - before < run.interval_s * BUNCHED
            and len(run.calls) > 2
            and run.on_board < CAPACITY / 2
            and run.chance.random() < TURNS_BACK
        )

    # -- what a run meets --------------------------------------------------------------------------------------------

    def _congested(self, section: int, now: float) -> float:
        """Return the relative time lost on a lane; it changes slowly, so successive buses lose similar times."""
        slot, rest = divmod(now, 1800)
        before, after = self._knot(section, int(slot)), self._knot(section, int(slot) + 1)
        return before + (after - before) * rest / 1800

    def _knot(self, section: int, slot: int) -> float:
        known = self._congestion.get((section, slot))
        if known is None:
            known = Random(f"{self._seed}/{section}/{slot}").lognormvariate(-0.08, 0.4)
            if len(self._congestion) > 50_000:
                self._congestion.clear()
            self._congestion[section, slot] = known
        return known


def _lost_by_hour(network: Network, drive: Drive) -> list[float]:
    """Return the time lost between stations by hour according to the timetable, as a share of an undisturbed run."""
    free = sum(gap.free_s for gap in drive.gaps)
    length = sum(gap.length_m for gap in drive.gaps)
    planned = network.lines[drive.path.linha].viagem_s or length / USUAL_MS
    others = USUAL_DWELL_S * (len(drive.gaps) - 1)
    others += USUAL_WAIT_BEHIND_S * (len(drive.nodes) - len(drive.at_stop))
    return [max((planned * factor - others) / free - 1, LEAST_SLACK) for factor in TIME_FACTOR]


def _hour(moment: float) -> int:
    """Return the hour of the day in Rio."""
    return int((moment / 3600 - 3) % 24)
