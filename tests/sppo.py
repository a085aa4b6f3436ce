"""A double of the two services of the city's other buses (SPPO), built from public descriptions: it refuses what it
does not know, as ItsDouble does.

Facts: all values are text, decimals have a comma, the answer is JSON called text/html; the span of a request is in
Rio's local time and by the server's time, which lies seconds or half an hour behind the vehicle's; conecta's stamps end
in Z and are local time; 5 requests a second and 60 a minute are allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from brt_watch.capture.fetch import Response
from brt_watch.clock import MINUTE, Clock
from brt_watch.errors import FeedFailed

RIO = timezone(timedelta(hours=-3))
SECOND = timedelta(seconds=1)
PATHS = {"conecta": "/sppo/conecta/gps", "zirix": "/sppo/zirix/gps"}
_SPAN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Sent:
    """A signal: the vehicle, when it sent it, and when the server had it."""

    ordem: str
    at: datetime
    server_at: datetime


@dataclass
class SppoDouble:
    """One of the services at the time of a clock; it is itself a client, and `serving` gives it an address."""

    clock: Clock
    service: str
    signals: list[Sent]
    moods: list[str] = field(default_factory=list)
    """What the next requests meet: "429", "503", "" for nothing."""
    requests: list[datetime] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        now = self.clock.now()
        self.requests.append(now)
        for span, most in ((SECOND, 5), (MINUTE, 60)):
            if sum(now - at < span for at in self.requests) > most:
                return self._refuse(429, f"more than {most} requests", {"Retry-After": "1"})
        if path != PATHS[self.service]:
            return self._refuse(404, f"unknown address {path}")
        if query.keys() != {"dataInicial", "dataFinal"}:
            return self._refuse(400, f"parameters {sorted(query)}")
        if not all(_SPAN.fullmatch(text) for text in query.values()):
            return self._refuse(400, f"no time: {query}")
        begin, end = (
            datetime.strptime(query[name], "%Y-%m-%d %H:%M:%S").replace(tzinfo=RIO)
            for name in ("dataInicial", "dataFinal")
        )
        if begin >= end:
            return self._refuse(400, "the span is empty")
        if mood := self.moods.pop(0) if self.moods else "":
            return int(mood), {"Retry-After": "1"} if mood == "429" else {}, b"busy"
        found = [self._entry(each) for each in self.signals if begin <= each.server_at <= min(end, now)]
        headers = {"Content-Type": "text/html; charset=utf-8", "X-RateLimit-Limit-Minute": "60"}
        # A signal now and then comes twice, and one has no position.
        body = [*found, *found[:1], *([{**found[0], "latitude": ""}] if found else [])]
        return 200, headers, json.dumps(body).encode()

    def fetch(self, deadline: datetime, parameters: Mapping[str, str] | None = None) -> Response:
        """Answer as a client, without a network."""
        assert self.clock.now() < deadline
        status, _, body = self.answer(PATHS[self.service], parameters or {})
        if status != 200:
            raise FeedFailed(f"http_{status}", "", status)
        return Response(body, status, self.clock.now())

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer over HTTP, at the address that is yielded."""
        handler = type("Handler", (_Handler,), {"double": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}{PATHS[self.service]}"
            server.shutdown()

    def _entry(self, sent: Sent) -> dict[str, Any]:
        return {
            "ordem": sent.ordem,
            "latitude": "-22,87645",
            "longitude": "-43,25731",
            "datahora": self._stamp(sent.at),
            "velocidade": "25",
            "linha": "422",
            "datahoraenvio": self._stamp(sent.at),
            "datahoraservidor": self._stamp(sent.server_at),
        }

    def _stamp(self, at: datetime) -> str:
        return (
            f"{at.astimezone(RIO):%Y-%m-%dT%H:%M:%SZ}" if self.service == "conecta" else f"{at.timestamp() * 1000:.0f}"
        )

    def _refuse(
        self, status: int, why: str, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        self.refused.append(f"{status}: {why}")
        return status, headers or {}, why.encode()


class _Handler(BaseHTTPRequestHandler):
    double: ClassVar[SppoDouble]

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        status, headers, body = self.double.answer(asked.path, dict(parse_qsl(asked.query)))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
