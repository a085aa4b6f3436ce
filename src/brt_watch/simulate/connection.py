"""A connection with one request, and every way to answer it: valid HTTP, and ways that break it."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from functools import lru_cache

from brt_watch.capture.fetch import SIMULATED_HEADER

PATH = "/gps/brt"
MOVED = "/moved"
"""The target of a redirect to a good answer."""

NEVER_SECONDS = 30.0
"""Longer than any client waits."""


class Connection:
    """A connection with one request, which gets at most one answer."""

    def __init__(
        self, taken: socket.socket, stopping: threading.Event, takes_gzip: bool = False, simulated: bool = False
    ) -> None:
        self._socket = taken
        self._mark = f"\r\n{SIMULATED_HEADER}: brt-watch\r\n".encode() if simulated else b"\r\n"
        self._stopping = stopping
        self._takes_gzip = takes_gzip
        self.whole_answer: bytes | None = None
        """The content of an answer in valid HTTP: set before it is sent, so that whoever receives it finds it here."""

    def send(self, *pieces: bytes, pause: float = 0) -> None:
        """Send bytes as they are, with a pause after each piece."""
        for piece in pieces:
            begins = piece.startswith(b"HTTP/1.")
            self._socket.sendall(piece.replace(b"\r\n", self._mark, 1) if begins else piece)
            if pause and self._stopping.wait(pause):
                return

    def answer(self, content: bytes = b"", status: str = "200 OK", *headers: str, packed: bytes | None = None) -> None:
        """Answer in valid HTTP, with gzip if the client accepts it; `packed` is sent instead of `content`."""
        sent = content if packed is None else packed
        if packed is None and content and self._takes_gzip:
            sent, headers = _compressed(content), ("Content-Encoding: gzip", *headers)
        self.whole_answer = content
        self.send(head(status, f"Content-Length: {len(sent)}", *headers), sent)

    def say_nothing(self) -> None:
        """Block until no client waits any more, or the server stops."""
        self._stopping.wait(NEVER_SECONDS)

    def reset(self) -> None:
        """Reset the connection, like a crashed host."""
        # With a linger time of zero, close sends RST instead of FIN.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def head(status: str = "200 OK", *headers: str, version: str = "1.1") -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/{version} {status}", "Content-Type: application/json", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@lru_cache(maxsize=1)
def _compressed(content: bytes) -> bytes:
    # The fastest level: packing must not take longer than the city's API takes to answer.
    return gzip.compress(content, compresslevel=1)
