"""What the web remembers of the vehicles: passes at stations."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brt_watch.web.fleet import Fleet
from brt_watch.web.reference import Reference
from brt_watch.web.signals import Signal

NOON = datetime(2026, 11, 23, 15, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


def test_a_bus_that_wavers_over_a_station_passes_it_once_and_later_again(reference: Reference) -> None:
    path = reference.network.paths["22", "ida"]
    stop = path.stops[2]
    middle = next(i for i, metres in enumerate(path.metres) if metres >= stop.distancia_m)
    fleet = Fleet(reference)
    # Seconds, and points of the path before and behind the middle of the station.
    for second, beside in ((0, -6), (20, 2), (40, -2), (60, 3), (80, 6), (700, -6), (720, 6)):
        at = NOON + timedelta(seconds=second)
        i = middle + beside
        signal = Signal(at, "901008", "", "22", "ida", "", path.latitudes[i], path.longitudes[i], 9.0, 90, 1, 0.0)
        fleet.take(at, at, [signal])
    passes = fleet.passes(stop.estacao_id)
    assert [(each.codigo, each.linha, each.sentido) for each in passes] == [("901008", "22", "ida")] * 2
    assert passes[0].datahora - passes[1].datahora > timedelta(minutes=5)
