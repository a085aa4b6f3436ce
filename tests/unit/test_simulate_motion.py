from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brt_watch.network import Path, Stop, read_network
from brt_watch.simulate.motion import GOVERNOR_KMH, Motion, drive, place_on, quickest_seconds

NETWORK = read_network()
PATHS = sorted(key for key, path in NETWORK.paths.items() if len(path.stops) > 1)


def length(path: Path) -> float:
    return path.stops[-1].distancia_m - path.stops[0].distancia_m


a_trip = st.tuples(st.sampled_from(PATHS), st.integers(15, 46), st.integers(0, 1000))
"""One of the paths of the network, km/h from end to end, and a seed."""

Trip = tuple[tuple[str, str], int, int]


def driven(trip: Trip) -> tuple[Path, float, Motion]:
    key, speed_kmh, seed = trip
    path = NETWORK.paths[key]
    seconds = max(length(path) / speed_kmh * 3.6, quickest_seconds(path))
    return path, seconds, drive(path, seconds, Random(seed))


def at(motion: Motion, seconds: float) -> tuple[float, float]:
    """Metres and km/h at a moment of the trip."""
    *_, piece = (piece for piece in motion.pieces if piece.at <= seconds)
    since = seconds - piece.at
    metres = piece.metres + piece.speed * since + piece.gain * since * since / 2
    return metres, (piece.speed + piece.gain * since) * 3.6


@settings(max_examples=60, deadline=None)
@given(a_trip)
def test_a_trip_goes_from_the_first_station_to_the_last_in_just_its_time(trip: Trip) -> None:
    path, seconds, motion = driven(trip)
    assert motion.pieces[0][:2] == (0.0, path.stops[0].distancia_m)
    assert motion.pieces[-1].at == pytest.approx(seconds)
    assert motion.pieces[-1].metres == pytest.approx(path.stops[-1].distancia_m)


@settings(max_examples=60, deadline=None)
@given(a_trip)
@example((("22", "volta"), 32, 0)).via("its dwells were too long for its time, and it flew")
def test_no_bus_jumps_or_drives_backward_or_faster_than_its_governor_allows(trip: Trip) -> None:
    _, _, motion = driven(trip)
    for before, after in pairwise(motion.pieces):
        metres, speed = at(motion, after.at - 1e-6)
        assert metres == pytest.approx(after.metres, abs=0.1)
        assert speed == pytest.approx(after.speed * 3.6, abs=0.1)
        assert before.metres <= after.metres + 1e-6
        assert speed < GOVERNOR_KMH * 1.12


@settings(max_examples=60, deadline=None)
@given(a_trip)
def test_every_station_is_passed_in_its_order_and_the_bus_stands_there(trip: Trip) -> None:
    path, _, motion = driven(trip)
    assert [passage.estacao_id for passage in motion.passages] == [stop.estacao_id for stop in path.stops]
    for before, after in pairwise(motion.passages):
        assert before.arrival <= before.departure <= after.arrival <= after.departure
    for stop, passage in zip(path.stops, motion.passages, strict=True):
        metres, speed = at(motion, (passage.arrival + passage.departure) / 2)
        assert (metres, speed) == (pytest.approx(stop.distancia_m, abs=0.1), pytest.approx(0, abs=0.1))


def test_a_place_on_a_path_lies_between_its_points_and_looks_along_it() -> None:
    path = Path("1", "ida", (-23.0, -22.9, -22.9), (-43.3, -43.3, -43.2), (0.0, 11_119.5, 21_370.0), (Stop("A", 0),))
    assert place_on(path, 0) == pytest.approx((-23.0, -43.3, 0))
    assert place_on(path, 11_119.5 / 2) == pytest.approx((-22.95, -43.3, 0))
    assert place_on(path, (11_119.5 + 21_370) / 2) == pytest.approx((-22.9, -43.25, 90))
    assert place_on(path, 99_999)[:2] != place_on(path, 0)[:2], "behind the end it goes straight on"
