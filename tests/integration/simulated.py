from __future__ import annotations

from datetime import datetime, timedelta

from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import Network, read_network
from brt_watch.resources import Resources
from brt_watch.simulate.history import history


def load_simulated(resources: Resources, start: datetime, minutes: int, network: Network | None = None) -> None:
    """Capture some minutes of the simulated BRT, and load the windows that are closed by then."""
    until = start + timedelta(minutes=minutes)
    simulation = simulate_into(resources.settings, Simulation.beginning(start))
    for _ in history(resources.settings, network or read_network(), simulation, start, until):
        pass
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
