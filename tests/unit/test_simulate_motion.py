from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brt_watch.network import LinePath, Stop
from brt_watch.simulate.motion import GOVERNOR_KMH, Halt, Piece, drive, place_on, seconds_of_a_run, seconds_to_pass

LIMIT = GOVERNOR_KMH / 3.6

a_gap = st.tuples(st.integers(60, 9000), st.floats(0.6, 1), st.floats(0, 400), st.floats(0, 90))
"""Metres, a share of the limit, seconds lost on the way, seconds of standing at its end."""

Gaps = list[tuple[int, float, float, float]]


def halts_of(gaps: Gaps) -> list[Halt]:
    halts = [Halt(100.0, 0.0, 0.0, LIMIT)]
    for metres, share, lost, stands in gaps:
        arrival = halts[-1].departure + seconds_of_a_run(metres, LIMIT * share) + lost
        halts.append(Halt(halts[-1].metres + metres, arrival, arrival + stands, LIMIT * share))
    return [*halts[:-1], halts[-1]._replace(departure=halts[-1].arrival)]


def at(pieces: list[Piece], seconds: float) -> tuple[float, float]:
    """Metres and km/h at a moment of the trip."""
    *_, piece = (piece for piece in pieces if piece.at <= seconds + 1e-9)
    since = seconds - piece.at
    metres = piece.metres + piece.speed * since + piece.gain * since * since / 2
    return metres, (piece.speed + piece.gain * since) * 3.6


@settings(max_examples=60, deadline=None)
@given(st.lists(a_gap, min_size=1, max_size=6), st.integers(0, 1000))
def test_a_bus_stands_at_each_halt_on_its_second(gaps: Gaps, seed: int) -> None:
    halts = halts_of(gaps)
    pieces = drive(halts, Random(seed))
    for halt in halts:
        for moment in (halt.arrival, halt.departure):
            metres, speed = at(pieces, moment)
            assert metres == pytest.approx(halt.metres, abs=0.1)
            assert speed == pytest.approx(0, abs=0.1)
    assert pieces[-1].at == halts[-1].arrival


@settings(max_examples=60, deadline=None)
@given(st.lists(a_gap, min_size=1, max_size=6), st.integers(0, 1000))
def test_no_bus_jumps_drives_backward_or_flies(gaps: Gaps, seed: int) -> None:
    pieces = drive(halts_of(gaps), Random(seed))
    for before, after in pairwise(pieces):
        since = after.at - before.at
        speed = (before.speed + before.gain * since) * 3.6
        metres = before.metres + before.speed * since + before.gain * since * since / 2
        assert metres == pytest.approx(after.metres, abs=0.1)
        assert speed == pytest.approx(after.speed * 3.6, abs=0.1)
        assert before.metres <= after.metres + 1e-6
        assert speed < GOVERNOR_KMH * 1.12


@given(st.integers(20, 9000), st.floats(0.01, 0.99))
def test_a_run_passes_its_points_in_their_order(length: int, share: float) -> None:
    passes = seconds_to_pass(length * share, length, LIMIT)
    assert 0 < passes < seconds_of_a_run(length, LIMIT)
    assert passes < seconds_to_pass(length * (share + 1) / 2, length, LIMIT)
    assert seconds_of_a_run(length * share, LIMIT) >= passes, "whoever stops there takes longer"


def test_place_on_a_path_lies_on_it_and_heads_along_it() -> None:
    path = LinePath(
        "1", "ida", (-23.0, -22.9, -22.9), (-43.3, -43.3, -43.2), (0.0, 11_119.5, 21_370.0), (Stop("A", 0),)
    )
    assert place_on(path, 0) == pytest.approx((-23.0, -43.3, 0))
    assert place_on(path, 11_119.5 / 2) == pytest.approx((-22.95, -43.3, 0))
    assert place_on(path, (11_119.5 + 21_370) / 2) == pytest.approx((-22.9, -43.25, 90))
    assert place_on(path, 99_999)[:2] != place_on(path, 0)[:2], "behind the end it goes straight on"
