"""Recorded answers of the API, played as the API over HTTP: at their own pace or faster."""

from __future__ import annotations

import gzip
import sys
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from brt_watch.clock import Clock, parse_moment
from brt_watch.errors import RecordingError

PATH = "/gps/brt"


class Recorded(NamedTuple):
    """An answer, and when the API gave it."""

    captured_at: datetime
    body: bytes


class _Line(msgspec.Struct):
    captured_at: str
    body: msgspec.Raw


def read_recording(path: Path) -> list[Recorded]:
    """Read a recording, in the order of time; raises RecordingError."""
    try:
        recording = sorted(_lines(path), key=lambda recorded: recorded.captured_at)
    except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise RecordingError(file=path, reason=str(error)) from error
    if not recording:
        raise RecordingError(file=path, reason="it has no line")
    return recording


def _lines(path: Path) -> Iterator[Recorded]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for text in file:
            if text.strip():
                line = msgspec.json.decode(text, type=_Line)
                yield Recorded(parse_moment(line.captured_at), bytes(line.body))


class ReplayServer(ThreadingHTTPServer):
    """The API of the recording, on loopback. What it answers depends on the clock alone."""

    daemon_threads = True

    def __init__(self, recording: list[Recorded], clock: Clock, port: int) -> None:
        self.recording = recording
        self.clock = clock
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away in the middle."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The address to give to BRT_WATCH_FEED_URL."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def current(self) -> Recorded | None:
        """Return the answer that the API gave last: None before the first, the last one for ever after the end."""
        index = bisect_right(self.recording, self.clock.now(), key=lambda recorded: recorded.captured_at)
        return self.recording[index - 1] if index else None


class _Handler(BaseHTTPRequestHandler):
    server: ReplayServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as the API did at this moment."""
        if self.path != PATH:
            self._send(404, b'{"detail":"Not Found"}')
        elif recorded := self.server.current():
            self._send(200, recorded.body)
        else:
            self._send(503, b'{"detail":"the recording has not begun"}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the capture says what it got."""
