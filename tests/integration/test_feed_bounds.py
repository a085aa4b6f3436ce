"""What a poll may cost at most: memory, connections, and requests after its end."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
import zstandard

from brt_watch.clock import Clock
from brt_watch.errors import FeedFailed
from brt_watch.feed import Feed
from brt_watch.simulate.connection import Connection
from brt_watch.simulate.fault_kinds import good, http_500
from tests.faults import FaultyApi

MAX_BYTES = 1_000_000
ZEROS = bytes(200_000_000)


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    with FaultyApi().running() as api:
        yield api


def fetch(feed: Feed, seconds: float) -> bytes:
    return feed.fetch(datetime.now(timezone.utc) + timedelta(seconds=seconds)).body


def reason(feed: Feed, seconds: float) -> str:
    with pytest.raises(FeedFailed) as failure:
        fetch(feed, seconds)
    return failure.value.reason


PACKED = {
    "gzip": gzip.compress(ZEROS),
    "gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    "zstd": zstandard.compress(ZEROS),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_an_answer_that_unpacks_to_a_huge_one_takes_little_memory(encoding: str, api: FaultyApi) -> None:
    def bomb(connection: Connection, body: bytes) -> None:
        connection.answer(body, "200 OK", f"Content-Encoding: {encoding}", packed=PACKED[encoding])

    api.fault = bomb
    tracemalloc.start()
    try:
        assert reason(Feed(api.url, Clock(), MAX_BYTES), seconds=10) in ("too_long", "unknown_encoding")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * MAX_BYTES


def test_after_its_deadline_a_poll_asks_no_more(api: FaultyApi) -> None:
    asked: list[float] = []

    def busy(connection: Connection, body: bytes) -> None:
        asked.append(time.monotonic())
        http_500(connection, body)

    api.fault = busy
    feeds = [Feed(api.url, Clock(), MAX_BYTES) for _ in range(8)]
    for feed in feeds:
        assert reason(feed, seconds=0.25) == "http_500"
    end = time.monotonic()
    time.sleep(2.5)
    assert [moment for moment in asked if moment > end] == []


def test_after_hundred_answers_that_dripped_the_next_good_one_is_taken(api: FaultyApi) -> None:
    def drip(connection: Connection, body: bytes) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n", *[b"X-Drip: 1\r\n"] * 5000, pause=0.02)

    feed = Feed(api.url, Clock(), MAX_BYTES)
    api.fault = drip
    for _ in range(101):
        reason(feed, seconds=0.1)
    api.fault, api.body = good, b"good"
    assert fetch(feed, seconds=2) == b"good"
