"""The API over HTTP, on loopback: one server for recordings, for the simulation, and for their faults."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from brt_watch.clock import Clock
from brt_watch.simulate.connection import MOVED, NEVER_SECONDS, PATH, Connection
from brt_watch.simulate.faults import Faults


class Source(Protocol):
    """The source of the answers."""

    def body_at(self, moment: datetime) -> bytes | None:
        """Return the answer of a working API at a given time; None when there is none yet."""


class ApiServer(ThreadingHTTPServer):
    """The API of a source. Its answers depend on the clock alone."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, source: Source, clock: Clock, port: int, faults: Faults = Faults.none(), simulated: bool = False
    ) -> None:
        self.source = source
        self.clock = clock
        self.faults = faults
        self.simulated = simulated
        self._stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """The address to give to BRT_WATCH_FEED_URL."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def connect(self, request: BaseHTTPRequestHandler) -> Connection:
        """Return the connection over which a request gets its answer."""
        takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
        return Connection(request.connection, self._stopping, takes_gzip, self.simulated)

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request as the API does at this time, with its faults."""
        connection = self.connect(request)
        moment = self.clock.now()
        fault = self.faults.at(moment) if request.path == PATH else None
        if request.path not in (PATH, MOVED):
            connection.answer(b'{"detail":"Not Found"}', "404 Not Found")
        elif (body := self.source.body_at(fault.as_of or moment if fault else moment)) is None:
            connection.answer(b'{"detail":"there is nothing yet"}', "503 Service Unavailable")
        elif fault:
            fault(connection, body)
        else:
            connection.answer(body)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect early."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop; deliberately slow answers end at once."""
        self._stopping.set()
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer
    timeout = NEVER_SECONDS

    def do_GET(self) -> None:
        """Answer, and close the connection."""
        self.close_connection = True
        self.server.respond(self)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a request arrives every 20 seconds."""
