"""The one door to the API of the city."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from datetime import datetime

import httpx
import stamina

from brt_watch import __version__
from brt_watch.clock import Clock
from brt_watch.errors import FeedFailed


@dataclass(frozen=True)
class Response:
    """A complete answer: the bytes as received (content encoding undone), and when they were there."""

    body: bytes
    http_status: int
    captured_at: datetime


class _TryAgain(Exception):
    """The server says that it is busy or broken, and perhaps when to come again."""

    def __init__(self, http_status: int, retry_after_seconds: float | None) -> None:
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds


def _patience(error: Exception) -> bool | float:
    """Whether to try again after an error; a number of seconds when the server named one."""
    if isinstance(error, _TryAgain) and error.retry_after_seconds is not None:
        return error.retry_after_seconds
    return isinstance(error, (httpx.TransportError, _TryAgain))


class Feed:
    """A client that asks the API, and always comes back before the deadline it was given."""

    def __init__(self, url: str, clock: Clock, max_bytes: int) -> None:
        self.url = url
        self.clock = clock
        self.max_bytes = max_bytes
        self._client = httpx.Client(
            headers={"User-Agent": f"brt-watch/{__version__}", "Accept": "application/json"},
            follow_redirects=True,
            max_redirects=3,
        )

    def fetch(self, deadline: datetime) -> Response:
        """Ask once, trying again on passing trouble as long as there is time; raises FeedFailed."""
        seconds = self.clock.real_seconds(deadline - self.clock.now())
        answer: Future[Response] = Future()
        problems: list[Exception] = []

        def ask() -> None:
            try:
                answer.set_result(self._with_retries(seconds, problems))
            except BaseException as error:  # noqa: BLE001 (handed over, and raised again below)
                answer.set_exception(error)

        # A thread of its own, because nothing else bounds everything: httpx has no total time-out, and a look-up of a
        # name cannot be interrupted. One that hangs is left behind; it cannot hold up the process, being a daemon.
        threading.Thread(target=ask, daemon=True).start()
        try:
            return answer.result(timeout=max(seconds, 0))
        except TimeoutError:
            # What went wrong before says more than that there was no time left to try once more.
            slow = FeedFailed("deadline", f"no complete answer within {seconds:.1f} s")
            raise _failure(problems[-1]) if problems else slow from None
        except (httpx.HTTPError, _TryAgain) as error:
            raise _failure(error) from error

    def _with_retries(self, seconds: float, problems: list[Exception]) -> Response:
        for attempt in stamina.retry_context(
            on=_patience, attempts=None, timeout=seconds, wait_initial=0.3, wait_max=3.0
        ):
            with attempt:
                try:
                    return self._ask(seconds)
                except (httpx.TransportError, _TryAgain) as problem:
                    problems.append(problem)
                    raise
        raise AssertionError("stamina raises when it gives up")

    def _ask(self, seconds: float) -> Response:
        started = time.monotonic()
        patience = httpx.Timeout(min(10.0, seconds), connect=min(5.0, seconds))
        with self._client.stream("GET", self.url, timeout=patience) as answer:
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                after = answer.headers.get("Retry-After", "")
                raise _TryAgain(answer.status_code, float(after) if after.isdecimal() else None)
            if answer.status_code != httpx.codes.OK:
                raise FeedFailed(f"http_{answer.status_code}", answer.reason_phrase, answer.status_code)
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > self.max_bytes:
                    raise FeedFailed("too_long", f"more than {self.max_bytes} bytes", answer.status_code)
                if time.monotonic() - started > seconds:
                    raise FeedFailed("deadline", "the answer came too slowly", answer.status_code)
            return Response(bytes(body), answer.status_code, self.clock.now())


def _failure(error: Exception) -> FeedFailed:
    """Return the reason code and the detail of a failed request."""
    if isinstance(error, _TryAgain):
        return FeedFailed(f"http_{error.http_status}", "the server did not serve", error.http_status)
    reason = next(code for kind, code in _REASONS if isinstance(error, kind))
    return FeedFailed(reason, f"{type(error).__name__} {error}".strip())


_REASONS = (
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "unreachable"),
    (httpx.TooManyRedirects, "redirects"),
    (Exception, "broken_off"),
)
