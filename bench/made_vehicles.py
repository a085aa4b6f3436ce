"""A fleet of 750 moving vehicles, the same in every run, answering as the API does (about 206 kB an answer)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from pydantic import HttpUrl
from tests.made_vehicles import NOON, vehicle

from brt_watch import pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.fetch import Response
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.store.database import Store

VEHICLES = 750
STEP = timedelta(seconds=20)
POLLS_OF_A_WINDOW = 39

LINES = [
    ("22", "22 - JARDIM OCEÂNICO X ALVORADA (PARADOR) [VOLTA]"),
    ("35", "35 - ALVORADA  X  MADUREIRA (PARADOR) [VOLTA]"),
    ("51", "51 - T. DEODORO X T. RECREIO (PARADOR) [IDA]"),
    ("0", ""),
]


class Fleet:
    """Vehicles that move from answer to answer. `signalling` is the part of them that has a new signal in each."""

    def __init__(self, signalling: float = 1.0, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._signalling = signalling
        self.vehicles = [self._vehicle(number) for number in range(VEHICLES)]

    def _vehicle(self, number: int) -> dict[str, Any]:
        line, path = LINES[number % len(LINES)]
        plate = "RIV8A74" if number % 5 == 0 else ""
        return vehicle(str(901000 + number), NOON, linha=line, trajeto=path, placa=plate)

    def answer(self, at: datetime) -> bytes:
        """Return what the API says at a moment; later moments than the one before, please."""
        for record in self.vehicles:
            if self._chance.random() < self._signalling:
                self._move(record, at)
        return msgspec.json.encode({"veiculos": self.vehicles})

    def _move(self, record: dict[str, Any], at: datetime) -> None:
        chance = self._chance
        # Younger than a step, so that no two signals of a vehicle have one stamp.
        record["dataHora"] = int((at - timedelta(seconds=chance.randrange(1, 19))).timestamp()) * 1000
        record["latitude"] = round(-22.9 - chance.random() / 10, 6)
        record["longitude"] = round(-43.3 - chance.random() / 3, 6)
        record["velocidade"] = chance.choice([0, 17, round(chance.random() * 60, 1)])
        record["direcao"] = chance.choice([" ", chance.randrange(1, 360)])
        record["hodometro"] = round(record["hodometro"] + chance.random(), 1)


@dataclass
class ScriptedFeed:
    """A feed without a network: it gives the answer that was put there."""

    clock: StillClock
    body: bytes = b""

    def fetch(self, deadline: datetime) -> Response:
        """Return the answer, half a second after it was asked for."""
        self.clock.time = min(self.clock.time + timedelta(seconds=0.5), deadline)
        return Response(self.body, 200, self.clock.time)


class Capture:
    """The real capture of a scripted feed into a data folder."""

    def __init__(self, data: Path, fleet: Fleet, start: datetime = NOON, **changes: Any) -> None:
        self.fleet = fleet
        self.clock = StillClock(start)
        self.feed = ScriptedFeed(self.clock)
        settings = Settings(data=data, feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"), **changes)
        files = CaptureFiles(settings.folder, str(settings.feed_url))
        self.resources = Resources(settings, self.clock, self.feed, files, Store(settings), Webhook("", "bench"))
        self._ticks = next_ticks(self.resources)

    def polls(self) -> Iterator[Callable[[], object]]:
        """Yield polls that are ready to be taken: their answer is made, nothing of it is stored."""
        for tick in self._ticks:
            self.feed.body = self.fleet.answer(tick)
            yield partial(pipeline.capture, tick, self.resources)

    def windows(self, count: int) -> list[Path]:
        """Capture this many windows; returns their folders."""
        for poll in islice(self.polls(), count * POLLS_OF_A_WINDOW + 1):
            poll()
        return self.resources.files.closed_windows()[:count]
