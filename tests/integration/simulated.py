from __future__ import annotations

from datetime import datetime, timedelta

from brt_watch import pipeline
from brt_watch.network import read_network
from brt_watch.pipeline import Parts
from brt_watch.simulate.history import history
from brt_watch.simulate.simulation import Simulation, simulate_into


def load_simulated(parts: Parts, start: datetime, minutes: int) -> None:
    """Capture some minutes of the simulated BRT, and load the windows that are closed by then."""
    simulation = simulate_into(parts.settings, Simulation.beginning(start))
    for _ in history(parts.settings, read_network(), simulation, start, start + timedelta(minutes=minutes)):
        pass
    for folder in pipeline.windows_to_load(parts):
        pipeline.load(folder, parts)
