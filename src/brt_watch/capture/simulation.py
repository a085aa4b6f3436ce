"""The mark of a data folder for a simulation. Simulated data is never mixed with real data."""

from __future__ import annotations

from datetime import datetime

import msgspec

from brt_watch.capture.files import CaptureFiles
from brt_watch.clock import write_moment
from brt_watch.settings import Settings


class Simulation(msgspec.Struct, frozen=True):
    """The parameters of a simulation: the same seed, start and scale give the same bytes at the same times.

    On the day of `start` (ISO 8601, UTC) all vehicles are in their garages at three in the morning; the plan of all
    later days follows from that. `scale` is the number of fleets. In a `demo` the simulated API is part of the service.
    Buses are held at their terminal for up to `hold_s` seconds, where that evens out the gaps.
    """

    seed: int
    start: str
    scale: int = 1
    demo: bool = False
    hold_s: float = 0.0

    @classmethod
    def beginning(
        cls, start: datetime, seed: int = 1, scale: int = 1, demo: bool = False, hold_s: float = 0.0
    ) -> Simulation:
        """Return a simulation that begins at a given time."""
        return cls(seed, write_moment(start), scale, demo, hold_s)


def simulation_of(settings: Settings) -> Simulation | None:
    """Return the simulation of the data folder, None if it is for real data."""
    mark = CaptureFiles(settings.folder, str(settings.feed_url)).simulated()
    return msgspec.json.decode(mark, type=Simulation) if mark else None


def simulate_into(settings: Settings, simulation: Simulation) -> Simulation:
    """Mark a new data folder for a simulation; returns that simulation, or the one that it already has.

    Raises MixedData when it holds data of the real API.
    """
    if known := simulation_of(settings):
        return known
    CaptureFiles(settings.folder, str(settings.feed_url)).mark_simulated(msgspec.json.encode(simulation))
    return simulation
