from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.clock import (
    Clock,
    PretendClock,
    floor,
    parse_moment,
    parse_tick,
    ticks_after,
    write_moment,
    write_tick,
)
from tests.made_vehicles import NOON

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
moments = st.integers(0, 200_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))


@given(moments)
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    assert parse_moment(write_moment(moment)) == moment


@given(moments, st.sampled_from([10, 15, 20, 30, 60]))
def test_ticks_lie_on_the_minute_and_a_step_apart(moment: datetime, seconds: int) -> None:
    step = timedelta(seconds=seconds)
    ticks = list(islice(ticks_after(moment, step), 10))
    assert ticks[0] > moment >= ticks[0] - step
    assert all(after - before == step for before, after in pairwise(ticks))
    assert any(tick.second == 0 for tick in ticks)
    assert [parse_tick(write_tick(tick)) for tick in ticks] == ticks


def test_sleep_keeps_its_length_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    slept, wall = [0.0], [NOON]

    def sleep(seconds: float) -> None:
        slept[0] += seconds
        # After ten seconds the clock is set back by an hour.
        wall[0] += timedelta(seconds=seconds) - timedelta(hours=9 < slept[0] <= 10)

    class Wall(Clock):
        def now(self) -> datetime:
            return wall[0]

    monkeypatch.setattr("brt_watch.clock.time.sleep", sleep)
    monkeypatch.setattr("brt_watch.clock.time.monotonic", lambda: slept[0])
    Wall().sleep_until(NOON + timedelta(seconds=20))
    assert 20 <= slept[0] <= 22
    assert wall[0] < NOON


def test_floor_of_a_tick_is_the_tick() -> None:
    assert floor(NOON, timedelta(seconds=20)) == NOON


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_moment("2025-06-05T21:44:00")


def test_a_pretended_clock_shows_its_own_time_and_runs_faster() -> None:
    clock = PretendClock("2025-06-05T21:44:00Z@1764000000x30")
    real = datetime.fromtimestamp(1764000002, timezone.utc)
    assert clock.from_real(real) == datetime(2025, 6, 5, 21, 45, tzinfo=timezone.utc)
    assert clock.to_real(clock.from_real(real)) == real
    assert clock.real_seconds(timedelta(minutes=1)) == 2.0


@pytest.mark.parametrize("written", ["now", "2025-06-05T21:44:00Z@1764000000x0", "2025-06-05T21:44:00@1x1", "@1x1"])
def test_a_pretended_clock_must_be_written_right(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PretendClock(written)


def test_sleeping_until_a_moment_that_has_passed_returns_at_once() -> None:
    Clock().sleep_until(datetime.now(timezone.utc) - timedelta(days=1))
