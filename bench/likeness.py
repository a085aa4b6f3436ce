"""How like the real API the simulated one is: the same measures of recorded answers and of simulated ones.

The environment names a folder of recordings, in the form that `brt-watch replay` takes:

    RECORDINGS=recordings make bench NAME=likeness

Measured are those with at least five answers, a minute apart, of at least 500 vehicles.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple

import msgspec

from bench.headways import Position, evenness
from bench.rig import Result
from brt_watch.archive.recordings import Recording, read_recording
from brt_watch.capture.simulation import Simulation
from brt_watch.clock import RIO
from brt_watch.network import Network, metres_between, read_network
from brt_watch.simulate.world import World

WHERE = "RECORDINGS"
ANSWERS, VEHICLES = 5, 500
FRESH, HOUR, DAY = 300, 3600, 86_400
NO_RECORDINGS = f"plain was not run: no long recording is in the folder that {WHERE} names"
MOMENTS = [datetime.fromisoformat("2025-06-05T21:44:49+00:00"), datetime.fromisoformat("2025-05-22T00:09:05+00:00")]
"""What is simulated without a recording: a Thursday at 18:44 and a Wednesday at 21:09 in Rio."""

STATES = (
    "moving",
    "stopped at a terminal",
    "stopped at a station",
    "stopped elsewhere",
    "stopped in a garage",
    "idle 5 to 60 min in a garage",
    "idle 5 to 60 min elsewhere",
    "silent 1 to 24 h",
    "silent 1 to 30 days",
    "silent for more than 30 days",
)


class Record(msgspec.Struct):
    """A vehicle in an answer, as far as it is measured."""

    codigo: str
    linha: str
    sentido: str
    latitude: float
    longitude: float
    dataHora: int
    velocidade: float
    hodometro: float | None
    direcao: int | str | None
    ignicao: int | None

    def age(self, at: datetime) -> float:
        """Return how many seconds old the signal is."""
        return at.timestamp() - self.dataHora / 1000

    def metres_to(self, latitude: float, longitude: float) -> float:
        """Return how far away a point is."""
        return metres_between(self.latitude, self.longitude, latitude, longitude)


class _Answer(msgspec.Struct):
    veiculos: list[Record]


class Seen(NamedTuple):
    """An answer and its moment."""

    at: datetime
    records: list[Record]


class Measure(NamedTuple):
    """A number that is compared."""

    name: str
    unit: str
    value: float


def likeness(seed: int = 1) -> Iterator[Result]:
    """Compare the simulated API (seed N) with recordings of the real one at the same day and hour."""
    network = read_network()
    found = list(_recordings())
    real = [[Seen(each.captured_at, _records(each.body)) for each in recording.answers] for recording in found]
    moments = [[seen.at for seen in answers] for answers in real] or [
        [start + timedelta(minutes=number) for number in range(10)] for start in MOMENTS
    ]
    for number, times in enumerate(moments):
        # A day earlier, so that the night before was simulated, too.
        world = World(network, Simulation.beginning(times[0] - timedelta(days=1), seed), times[0])
        ours = measured([Seen(at, _records(world.body_at(at))) for at in times], network)
        plain = measured(real[number], network) if real else []
        note = f"{times[0]:%Y-%m-%d %H:%M} UTC, {len(times)} answers; ours: simulated, plain: recorded"
        for index, measure in enumerate(ours):
            recorded = plain[index].value if plain else None
            yield Result(measure.name, measure.unit, measure.value, recorded, note if plain else NO_RECORDINGS)


def _recordings() -> Iterator[Recording]:
    folder = os.environ.get(WHERE, "")
    for file in sorted(Path(folder).glob("*.jsonl*")) if folder else []:
        recording = read_recording(file)
        if len(recording.answers) >= ANSWERS and len(_records(recording.answers[0].body)) >= VEHICLES:
            yield recording


def _records(body: bytes) -> list[Record]:
    return msgspec.json.decode(body, type=_Answer, strict=False).veiculos


def measured(answers: list[Seen], network: Network) -> list[Measure]:
    """Return what is compared of answers, the same measures in the same order for all."""
    at, records = answers[0]
    fresh = [record for record in records if record.age(at) < FRESH]
    moving = [record for record in fresh if record.velocidade > 0]
    states = Counter(state_of(record, at, network) for record in records)
    return [
        Measure("vehicles", "", len(records)),
        *(Measure(state, "vehicles", states[state]) for state in STATES),
        Measure("ignition on", "%", _percent(record.ignicao == 1 for record in records)),
        Measure('line "0"', "%", _percent(record.linha == "0" for record in records)),
        Measure("without a heading", "%", _percent(record.direcao == " " for record in records)),
        Measure("speed 0 of those under 5 min old", "%", _percent(not record.velocidade for record in fresh)),
        *_distribution("speed of the moving", "km/h", [record.velocidade for record in moving]),
        Measure("lines with a moving bus", "", len({record.linha for record in moving} - {"0"})),
        *_of_the_movement(answers),
        *_of_the_headways(answers, network),
    ]


def state_of(record: Record, at: datetime, network: Network) -> str:
    """Return what a vehicle does, as far as its record tells."""
    age = record.age(at)
    for seconds, state in ((30 * DAY, STATES[9]), (DAY, STATES[8]), (HOUR, STATES[7])):
        if age > seconds:
            return state
    in_garage = any(record.metres_to(each.latitude, each.longitude) < each.raio_m for each in network.garages)
    if age > FRESH:
        return STATES[5] if in_garage else STATES[6]
    if record.velocidade > 0:
        return STATES[0]
    for tipo, metres, state in (("terminal", 120, STATES[1]), ("estacao", 60, STATES[2])):
        stations = (station for station in network.stations.values() if station.tipo == tipo)
        if any(record.metres_to(station.latitude, station.longitude) < metres for station in stations):
            return state
    return STATES[4] if in_garage else STATES[3]


def _of_the_movement(answers: list[Seen]) -> list[Measure]:
    """Return what needs more than one answer: ages, gaps between stamps, what stays the same."""
    ages: list[float] = []
    gaps: list[float] = []
    same: list[bool] = []
    frozen: list[bool] = []
    turned: list[float] = []
    for earlier, later in pairwise(answers):
        before = {record.codigo: record for record in earlier.records}
        for record in later.records:
            if record.velocidade > 0 and record.age(later.at) < 2 * FRESH:
                ages.append(record.age(later.at))
            if not (known := before.get(record.codigo)):
                continue
            same.append(record.dataHora == known.dataHora)
            if same[-1]:
                continue
            if not record.velocidade and not known.velocidade:
                frozen.append((record.latitude, record.longitude) == (known.latitude, known.longitude))
            if record.velocidade > 0:
                gaps.append((record.dataHora - known.dataHora) / 1000)
                metres = record.metres_to(known.latitude, known.longitude)
                if metres > 200 and isinstance(record.direcao, int):
                    turned.append(abs((record.direcao - _bearing(known, record) + 180) % 360 - 180))
    return [
        Measure("signals that are the same a minute later", "%", _percent(same)),
        Measure("standing: new stamp, same position", "%", _percent(frozen)),
        *_distribution("age of the moving", "s", ages),
        *_distribution("stamp to stamp of the moving", "s", gaps),
        Measure("stamp to stamp a multiple of 10 s", "%", _percent(gap % 10 == 0 for gap in gaps)),
        Measure("heading within 16 degrees of the way of the minute", "%", _percent(angle < 16 for angle in turned)),
    ]


def _of_the_headways(answers: list[Seen], network: Network) -> list[Measure]:
    """Return how evenly buses of a line and direction follow one another."""
    local = answers[0].at.astimezone(RIO)
    found = evenness(
        (
            [
                Position(each.codigo, (each.linha, each.sentido), each.dataHora / 1000, each.latitude, each.longitude)
                for each in records
                if each.age(at) < FRESH
            ]
            for at, records in answers
        ),
        network,
        local.hour * HOUR + local.minute * 60,
    )
    return [
        Measure("headways at stations, coefficient of variation", "", found.headways),
        Measure("headways at stations under a quarter of the planned", "%", 100 * found.bunched),
        Measure("gaps between buses of a line, coefficient of variation", "", found.gaps),
    ]


def _bearing(start: Record, end: Record) -> float:
    east = (end.longitude - start.longitude) * math.cos(math.radians(start.latitude))
    return math.degrees(math.atan2(east, end.latitude - start.latitude))


def _distribution(name: str, unit: str, values: list[float]) -> list[Measure]:
    cuts = quantiles(values, n=100)
    named = [Measure(f"{name}, {percent} %", unit, cuts[percent - 1]) for percent in (5, 25, 50, 75, 90, 95, 99)]
    return [Measure(f"{name}, mean", unit, mean(values)), *named]


def _percent(values: Iterator[bool] | list[bool]) -> float:
    answers = list(values)
    return 100 * sum(answers) / len(answers)
