from __future__ import annotations

import gzip
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from brt_watch.archive.recordings import read_recording
from brt_watch.clock import StillClock
from brt_watch.errors import RecordingError
from brt_watch.simulate.server import ApiServer
from tests.ask_feed import BUSY_SECONDS
from tests.made_vehicles import recorded_minutes, write_recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "day.jsonl.gz", recorded_minutes(minutes=3, vehicles=5))


@pytest.fixture
def server(recording: Path, clock: StillClock) -> Iterator[ApiServer]:
    with ApiServer(read_recording(recording), clock, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=BUSY_SECONDS) as answer:
        return bytes(answer.read())


def status(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        get(url)
    with error.value:
        return error.value.code


def test_a_recording_is_read_to_the_byte(recording: Path) -> None:
    assert [tuple(answer) for answer in read_recording(recording).answers] == recorded_minutes(minutes=3, vehicles=5)


def test_the_api_answers_with_what_it_said_last(server: ApiServer, clock: StillClock) -> None:
    (first, _), (second, body), (last, last_body) = recorded_minutes(minutes=3, vehicles=5)
    clock.time = first - timedelta(seconds=1)
    assert status(server.url) == 503
    clock.time = second + timedelta(seconds=30)
    assert get(server.url) == body
    clock.time = last + timedelta(days=1)
    assert get(server.url) == last_body


def test_only_the_apis_path_is_served(server: ApiServer) -> None:
    assert status(server.url + "/other") == 404


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no line"),
        (gzip.compress(b'{"captured_at":"2025-06-05T21:44:49","body":{}}'), "zone"),
        (gzip.compress(b'{"body":{}}'), "captured_at"),
        (gzip.compress(b"x" * 100)[:-9], "end-of-stream"),
        (b"not gzip", "gzip"),
    ],
    # The bytes would name a test otherwise, and gzip writes the time into them.
    ids=["empty", "no zone", "no captured_at", "torn", "not gzip"],
)
def test_a_file_without_a_recording_is_refused_with_the_reason(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=expected):
        read_recording(path)
