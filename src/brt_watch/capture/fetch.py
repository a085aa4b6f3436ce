"""Ask a feed over HTTP."""

from __future__ import annotations

import os
import re
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import httpx
import stamina

from brt_watch import __version__
from brt_watch.clock import Clock
from brt_watch.errors import FeedFailed

LONGEST_WAIT_SECONDS = 60.0
"""The maximum Retry-After: every poll ends before."""

SIMULATED_HEADER = "X-Simulated"
"""The header that marks answers of the simulator, so that they are never mixed with the city's."""


@dataclass(frozen=True)
class Response:
    """A complete answer: the bytes as received (content encoding undone) and the time of arrival."""

    body: bytes
    http_status: int
    captured_at: datetime
    simulated: bool = False
    """Whether the server reports that it is a simulation."""
    validators: Mapping[str, str] = field(default_factory=dict)
    """The headers of a conditional request relative to this answer; empty when the server provides none."""

    @property
    def is_unchanged(self) -> bool:
        """Whether the server reports that its answer has not changed."""
        return self.http_status == httpx.codes.NOT_MODIFIED


class _TryAgain(Exception):
    """The server is busy or broken; it may say when to retry."""

    def __init__(self, http_status: int, retry_after_seconds: float | None) -> None:
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds


class _Interrupted(Exception):
    """The server's answer broke off. A stalled answer is a timeout instead, and the server may need rest."""

    def __init__(self, http_status: int, problem: httpx.NetworkError | httpx.ProtocolError) -> None:
        self.http_status = http_status
        self.problem = problem


def _patience(error: Exception) -> bool | float:
    """Whether to retry after an error, or the number of seconds that the server asks to wait."""
    if isinstance(error, _TryAgain) and error.retry_after_seconds is not None:
        return error.retry_after_seconds
    return isinstance(error, _PASSING)


_PASSING = (httpx.TransportError, _Interrupted, _TryAgain)


class Client:
    """A client of a feed, which always returns before the deadline it is given."""

    def __init__(self, url: str, clock: Clock, max_bytes: int, accept: str = "application/json") -> None:
        self.url = url
        self.accept = accept
        self.clock = clock
        self.max_bytes = max_bytes
        self.validators: Mapping[str, str] = {}
        """The headers of the last recorded answer: a server may omit only what the ledger already has."""

    def fetch(self, deadline: datetime, parameters: Mapping[str, str] | None = None) -> Response:
        """Send one request, retrying temporary failures while there is time; raises only FeedFailed.

        `parameters` are the query parameters.
        """
        seconds = self.clock.real_seconds(deadline - self.clock.now())
        if seconds <= 0:
            raise FeedFailed("deadline", "there was no time left to ask")
        request = _Request(self, seconds, parameters)
        # Only a thread bounds everything: httpx has no total timeout, and a DNS lookup cannot be interrupted. A thread
        # that hangs is abandoned; being a daemon, it does not keep the process alive.
        threading.Thread(target=request.run, daemon=True).start()
        try:
            return request.answer.result(timeout=request.seconds)
        except TimeoutError:
            # An earlier problem is more informative than the lack of time for another attempt.
            slow = FeedFailed("deadline", f"no complete answer within {seconds:.1f} s")
            raise _failure(request.problems[-1]) if request.problems else slow from None
        except FeedFailed:
            raise
        except Exception as error:
            raise _failure(error) from error
        finally:
            request.give_up()

    def connect(self) -> httpx.Client:
        """Return the connections of one poll: closing them ends everything that the poll began."""
        return httpx.Client(
            headers={
                "User-Agent": f"brt-watch/{__version__}",
                "Accept": self.accept,
                "Accept-Encoding": "gzip",
            },
            verify=_trusted(),
            follow_redirects=True,
            max_redirects=3,
        )


def _trusted() -> ssl.SSLContext:
    """Return the trusted certificates, read at the first request: in time for a poll to report that they are unusable.

    All clients share them: reading them takes a tenth of a second, and twenty feeds begin at the same moment.
    """
    with _READING:
        return _read_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


_READING = threading.Lock()


@lru_cache(maxsize=4)
def _read_certificates(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Request:
    """One request with its retries, in a thread that its poll may abandon."""

    def __init__(self, client: Client, seconds: float, parameters: Mapping[str, str] | None) -> None:
        self.client = client
        self.seconds = seconds
        self.parameters = parameters
        self.answer: Future[Response] = Future()
        self.problems: list[Exception] = []
        self.connections: httpx.Client | None = None
        self.given_up = threading.Event()

    def run(self) -> None:
        try:
            # Built here, because an unusable environment (proxy, certificates) makes this fail.
            with self.client.connect() as self.connections:
                self.answer.set_result(self._with_retries(self.connections))
        except BaseException as error:  # noqa: BLE001 (handed over, and raised again by the poll)
            self.answer.set_exception(error)

    def give_up(self) -> None:
        """Stop: no more requests, no more bytes, no connection."""
        self.given_up.set()
        if self.connections:
            self.connections.close()

    def _with_retries(self, connections: httpx.Client) -> Response:
        # The ledger says what failed; stamina's log line would fail the poll when the supervisor, its reader, died.
        stamina.instrumentation.set_on_retry_hooks([])
        for attempt in stamina.retry_context(
            on=_patience, attempts=None, timeout=self.seconds, wait_initial=0.3, wait_max=3.0
        ):
            with attempt:
                try:
                    return self._ask(connections)
                except _PASSING as problem:
                    self.problems.append(problem)
                    raise
        raise AssertionError("stamina raises when it gives up")

    def _ask(self, connections: httpx.Client) -> Response:
        self._go_on()
        patience = httpx.Timeout(min(10.0, self.seconds), connect=min(5.0, self.seconds))
        known = self.client.validators
        with connections.stream(
            "GET", self.client.url, params=self.parameters, headers=dict(known), timeout=patience
        ) as answer:
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                after = answer.headers.get("Retry-After", "")
                seconds = min(float(after), LONGEST_WAIT_SECONDS) if after.isdecimal() else None
                raise _TryAgain(answer.status_code, seconds)
            if known and answer.status_code == httpx.codes.NOT_MODIFIED:
                return Response(b"", answer.status_code, self.client.clock.now(), SIMULATED_HEADER in answer.headers)
            if answer.status_code != httpx.codes.OK:
                raise FeedFailed(f"http_{answer.status_code}", answer.reason_phrase, answer.status_code)
            simulated = SIMULATED_HEADER in answer.headers
            try:
                body = self._body(answer)
            except (httpx.NetworkError, httpx.ProtocolError) as problem:
                raise _Interrupted(answer.status_code, problem) from problem
            return Response(body, answer.status_code, self.client.clock.now(), simulated, _validators(answer))

    def _body(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        for piece in _unpacked(answer, self.client.max_bytes):
            self._go_on()
            body += piece
            if len(body) > self.client.max_bytes:
                raise FeedFailed("too_long", f"more than {self.client.max_bytes} bytes", answer.status_code)
        return bytes(body)

    def _go_on(self) -> None:
        if self.given_up.is_set():
            raise FeedFailed("deadline", "the poll is over")


def _validators(answer: httpx.Response) -> dict[str, str]:
    pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
    return {asks: answer.headers[says] for asks, says in pairs if answer.headers.get(says)}


def _unpacked(answer: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    """Yield an answer in pieces, of gzip never more than `max_bytes` at once; raises FeedFailed.

    httpx would unpack everything that arrived before the limit can be checked.
    """
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise FeedFailed("unknown_encoding", f"{encoding}; gzip was asked for", answer.status_code)
    if encoding != "gzip":
        yield from answer.iter_raw()
        return
    unpacking = zlib.decompressobj(wbits=31)
    try:
        for packed in answer.iter_raw():
            yield unpacking.decompress(packed, max_bytes)
            while unpacking.unconsumed_tail:
                yield unpacking.decompress(unpacking.unconsumed_tail, max_bytes)
    except zlib.error as error:
        raise FeedFailed("broken_off", f"gzip: {error}", answer.status_code) from error
    if not unpacking.eof:
        raise FeedFailed("broken_off", "gzip: the end is missing", answer.status_code)


def _failure(error: Exception) -> FeedFailed:
    """Return the reason code and the detail of a failed request."""
    if isinstance(error, _TryAgain):
        return FeedFailed(f"http_{error.http_status}", "the server did not serve", error.http_status)
    if isinstance(error, _Interrupted):
        failure = _failure(error.problem)
        return FeedFailed(failure.reason, failure.detail, error.http_status)
    reason = next(code for kind, code in _REASONS if isinstance(error, kind))
    detail = _USER_INFO.sub("//***@", f"{type(error).__name__} {error}".strip())
    return FeedFailed(reason, detail)


_REASONS = (
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "unreachable"),
    (httpx.TooManyRedirects, "redirects"),
    (httpx.HTTPError, "broken_off"),
    (Exception, "client_error"),
)

_USER_INFO = re.compile(r"//[^/\s@]*@")
"""User and password in an address, such as that of a proxy: they stay out of the ledger."""
