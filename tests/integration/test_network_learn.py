from __future__ import annotations

from datetime import timedelta

import pytest

from brt_watch import pipeline
from brt_watch.cli.line_signals import signals_in_database
from brt_watch.errors import NetworkError
from brt_watch.resources import Resources
from tests.integration.captured import capture
from tests.made_vehicles import NOON, body, vehicle


def test_the_signals_of_a_line_come_from_the_database(resources: Resources) -> None:
    answers = [body(vehicle("a", NOON + n * timedelta(seconds=20), linha="67"), vehicle("b")) for n in range(3)]
    capture(resources, answers)
    for folder in resources.files.closed_windows():
        pipeline.load(folder, resources)
    seen = signals_in_database(resources.store, "67")
    assert {(signal.vehicle, signal.sentido, signal.speed_kmh) for signal in seen} == {("a", "volta", 12.8)}
    assert len(seen) == 3
    with pytest.raises(NetworkError, match="the database has no signal of it"):
        signals_in_database(resources.store, "999")
