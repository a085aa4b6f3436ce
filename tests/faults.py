"""The API that fails on purpose, for tests: it fails on request, and is strict."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler

from brt_watch.clock import Clock
from brt_watch.simulate.connection import MOVED, PATH, Connection
from brt_watch.simulate.fault_kinds import Answer, Fault, good
from brt_watch.simulate.server import ApiServer


class FaultyApi(ApiServer):
    """Answers each request with `fault`. It is strict: an unexpected request is recorded as a complaint."""

    def __init__(self) -> None:
        super().__init__(self, Clock(), port=0, faults=self)  # type: ignore[arg-type]
        self.fault: Answer = good
        self.body = b""
        self._connections: list[Connection] = []
        self.complaints: list[str] = []

    @property
    def whole_answers(self) -> list[bytes]:
        """The content of all answers in valid HTTP, oldest first."""
        return [each.whole_answer for each in self._connections if each.whole_answer is not None]

    @contextmanager
    def running(self) -> Iterator[FaultyApi]:
        with self:
            threading.Thread(target=self.serve_forever, args=(0.05,)).start()
            try:
                yield self
            finally:
                self.shutdown()

    def body_at(self, moment: datetime) -> bytes:
        return self.body

    def at(self, moment: datetime) -> Fault:
        return Fault("told", "It fails on request.", answer=self.fault)

    def connect(self, request: BaseHTTPRequestHandler) -> Connection:
        self._connections.append(super().connect(request))
        return self._connections[-1]

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        expected = {"Accept": "application/json", "Host": f"127.0.0.1:{self.server_port}"}
        wrong = [name for name, value in expected.items() if request.headers.get(name) != value]
        if request.request_version != "HTTP/1.1" or request.path not in (PATH, MOVED) or wrong:
            self.complaints.append(f"{request.requestline}, headers {request.headers.items()}")
        if not request.headers.get("User-Agent", "").startswith("brt-watch/"):
            self.complaints.append("it does not say who it is")
        super().respond(request)
