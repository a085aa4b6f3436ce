"""A quarter of an hour of a simulated morning: its polls as they are written, then as they are loaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import Network, read_network
from brt_watch.resources import Resources
from brt_watch.simulate.history import history

START = datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc)
"""Seven in the morning in Rio."""

MINUTES = 14
ENDS = START + timedelta(minutes=MINUTES)

OF_A_WINDOW = 39
"""Polls of the window of 13 minutes that is closed by then."""

AS_OF = "as-of"
"""The folder with the windows as they were after some of the polls."""


def load_simulated(resources: Resources, start: datetime, minutes: int, network: Network | None = None) -> None:
    """Capture some minutes of the simulated BRT, and load the windows that are closed by then."""
    for _ in _captured(resources, start, minutes, network or read_network()):
        pass
    _load(resources)


def capture_and_load(resources: Resources) -> None:
    """Capture the morning and load its window, and keep the windows as they were after each thirteen polls."""
    data = resources.settings.folder
    for polls in _captured(resources, START, MINUTES, read_network()):
        if polls % 13 == 0:
            shutil.copytree(data / "windows", data / AS_OF / f"{polls:02}")
    _load(resources)


def as_of(kept: Path, data: Path) -> Iterator[int]:
    """Make a data folder as it was after more and more polls of the morning; yields how many."""
    shutil.copytree(kept, data, ignore=shutil.ignore_patterns(AS_OF, "archive", "dbt", "lake", "windows"))
    for windows in sorted((kept / AS_OF).iterdir()):
        shutil.rmtree(data / "windows", ignore_errors=True)
        shutil.copytree(windows, data / "windows")
        yield int(windows.name)


def _captured(resources: Resources, start: datetime, minutes: int, network: Network) -> Iterator[int]:
    until = start + timedelta(minutes=minutes)
    simulation = simulate_into(resources.settings, Simulation.beginning(start))
    for polls, _ in enumerate(history(resources.settings, network, simulation, start, until), start=1):
        yield polls


def _load(resources: Resources) -> None:
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
