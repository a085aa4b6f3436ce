from __future__ import annotations

from datetime import datetime, timedelta

from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.resources import Resources
from brt_watch.simulate.history import history


def load_simulated(resources: Resources, start: datetime, minutes: int) -> None:
    """Capture some minutes of the simulated BRT, and load the windows that are closed by then."""
    simulation = simulate_into(resources.settings, Simulation.beginning(start))
    for _ in history(resources.settings, read_network(), simulation, start, start + timedelta(minutes=minutes)):
        pass
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
