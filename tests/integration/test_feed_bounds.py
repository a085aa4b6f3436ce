"""What a poll may cost at most: memory, connections, and requests after its end."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from functools import cache

import pytest
import zstandard

from brt_watch.simulate.connection import Connection
from brt_watch.simulate.fault_kinds import good, http_500
from tests.ask_feed import BUSY_SECONDS, MAX_BYTES, feed, fetch, reason, reason_before_the_deadline
from tests.faults import FaultyApi

ZEROS = 200_000_000


@cache
def in_gzip() -> bytes:
    return gzip.compress(bytes(ZEROS))


PACKED: dict[str, Callable[[], bytes]] = {
    "gzip": in_gzip,
    "gzip, gzip": lambda: gzip.compress(in_gzip()),
    "zstd": lambda: zstandard.compress(bytes(ZEROS)),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_compression_bomb_takes_little_memory(encoding: str, faulty_api: FaultyApi) -> None:
    packed = PACKED[encoding]()

    def bomb(connection: Connection, body: bytes) -> None:
        connection.answer(body, "200 OK", f"Content-Encoding: {encoding}", packed=packed)

    faulty_api.fault = bomb
    tracemalloc.start()
    try:
        assert reason(feed(faulty_api.url), BUSY_SECONDS) in ("too_long", "unknown_encoding")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * MAX_BYTES


def test_after_its_deadline_a_poll_asks_no_more(faulty_api: FaultyApi) -> None:
    asked: list[float] = []

    def busy(connection: Connection, body: bytes) -> None:
        asked.append(time.monotonic())
        http_500(connection, body)

    faulty_api.fault = busy
    for one_of_many in [feed(faulty_api.url) for _ in range(8)]:
        assert reason_before_the_deadline(one_of_many, 0.25) == "http_500"
    end = time.monotonic()
    time.sleep(2.5)
    # What was asked just before may be heard of late.
    assert [moment for moment in asked if moment > end + 0.1] == []


def test_a_good_answer_after_a_hundred_dripping_ones_is_taken(faulty_api: FaultyApi) -> None:
    def drip(connection: Connection, body: bytes) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n", *[b"X-Drip: 1\r\n"] * 5000, pause=0.02)

    one = feed(faulty_api.url)
    faulty_api.fault = drip
    for _ in range(101):
        reason(one, 0.1)
    faulty_api.fault, faulty_api.body = good, b"good"
    assert fetch(one) == b"good"
