"""What a poll of the feed gets or why it fails, on a machine that may be busy."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from brt_watch.capture.fetch import Client
from brt_watch.clock import Clock
from brt_watch.errors import FeedFailed

MAX_BYTES = 1_000_000
BUSY_SECONDS = 30
"""Time limit on a busy machine for something instantaneous on an idle one."""


def fetch(feed: Client, seconds: float = BUSY_SECONDS) -> bytes:
    """Return the answer that a poll gets within `seconds`."""
    return feed.fetch(datetime.now(timezone.utc) + timedelta(seconds=seconds)).body


def reason(feed: Client, seconds: float) -> str:
    """Return why a poll limited to `seconds` fails; it must return when they are over."""
    started = time.monotonic()
    with pytest.raises(FeedFailed) as failure:
        fetch(feed, seconds)
    assert time.monotonic() - started < seconds + BUSY_SECONDS, "it comes back at its deadline"
    return failure.value.reason


def reason_before_the_deadline(feed: Client, seconds: float) -> str:
    """Return why a poll fails that should get an answer in time; a poll without one gets more time."""
    found = reason(feed, seconds)
    return found if found != "deadline" else reason(feed, seconds + 4)


def feed(url: str, max_bytes: int = MAX_BYTES) -> Client:
    """Return the feed of an address, by the clock of the wall."""
    return Client(url, Clock(), max_bytes)
