from __future__ import annotations

import gzip
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Queue

import pytest

from brt_watch.clock import StillClock
from brt_watch.feeds.brt import parse
from brt_watch.simulate import connection
from brt_watch.simulate.connection import PATH, Connection
from brt_watch.simulate.faults import parse_faults
from brt_watch.simulate.server import ApiServer
from tests.ask_feed import BUSY_SECONDS, feed, fetch, reason, reason_before_the_deadline
from tests.made_vehicles import NOON, body, vehicle


@dataclass
class Fleet:
    """A source whose only vehicle signals all the time."""

    begins: datetime = NOON

    def body_at(self, moment: datetime) -> bytes | None:
        return body(vehicle(at=moment)) if moment >= self.begins else None


@pytest.fixture
def serve(clock: StillClock) -> Iterator[Callable[..., ApiServer]]:
    with ExitStack() as stack:

        def start(faults: str = "") -> ApiServer:
            server = stack.enter_context(ApiServer(Fleet(), clock, 0, parse_faults(faults)))
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(server.shutdown)
            return server

        yield start


def ask(server: ApiServer, path: str = PATH, **headers: str) -> tuple[int, dict[str, str], bytes]:
    talk = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=BUSY_SECONDS)
    talk.request("GET", path, headers=headers)
    answer = talk.getresponse()
    content = answer.read()
    talk.close()
    return answer.status, dict(answer.getheaders()), content


def test_a_good_api_answers_with_json_and_in_gzip_when_asked(serve: Callable[..., ApiServer]) -> None:
    server = serve()
    status, headers, plain = ask(server)
    assert (status, headers["Content-Type"], plain) == (200, "application/json", body(vehicle(at=NOON)))
    assert "Content-Encoding" not in headers
    _, headers, packed = ask(server, **{"Accept-Encoding": "gzip, br"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


def test_a_body_is_compressed_once_for_all_requests(serve: Callable[..., ApiServer]) -> None:
    server = serve()
    before = connection._compressed.cache_info().misses
    for _ in range(5):
        ask(server, **{"Accept-Encoding": "gzip"})
    assert connection._compressed.cache_info().misses <= before + 1


def test_before_there_is_anything_it_is_503_and_elsewhere_404(
    serve: Callable[..., ApiServer], clock: StillClock
) -> None:
    server = serve("html:1")
    clock.time = NOON - timedelta(seconds=1)
    assert ask(server)[0] == 503
    assert ask(server, "/gps/sppo")[0] == 404


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("timeouts", {"timeout", "deadline"}),
        ("slow_drip", {"deadline"}),
        ("outage", {"broken_off"}),
        ("reset", {"broken_off"}),
        ("http_5xx", {"http_500"}),
        ("http_429", {"http_429"}),
        ("redirect_loop", {"redirects"}),
        ("length_too_long", {"broken_off"}),
    ],
)
def test_the_capture_gets_the_fault_that_was_written(
    serve: Callable[..., ApiServer], fault: str, expected: set[str]
) -> None:
    why = reason if "deadline" in expected else reason_before_the_deadline
    assert why(feed(serve(f"{fault}:1").url), 0.6) in expected


def test_a_gzip_bomb_is_beyond_what_the_capture_takes(serve: Callable[..., ApiServer]) -> None:
    assert reason(feed(serve("gzip_bomb:1").url), BUSY_SECONDS) == "too_long"


def test_a_scripted_fault_comes_and_goes_with_the_clock(serve: Callable[..., ApiServer], clock: StillClock) -> None:
    server = serve("new_field@09:30-10:00,html@10:30-10:45")
    seen = {}
    for minutes in (0, 30, 60, 90, 105):
        clock.time = NOON + timedelta(minutes=minutes)
        answer = fetch(feed(server.url))
        seen[minutes] = "html" if answer.startswith(b"<") else parse(answer).records[0].extra
    assert seen == {0: None, 30: '{"bateria":98}', 60: None, 90: "html", 105: None}


def test_a_frozen_api_gives_the_same_bytes_until_it_moves_on(
    serve: Callable[..., ApiServer], clock: StillClock
) -> None:
    server = serve("frozen@09:10-09:20")
    answers = []
    for minutes in (9, 11, 15, 19, 20):
        clock.time = NOON + timedelta(minutes=minutes)
        answers.append(fetch(feed(server.url)))
    frozen = body(vehicle(at=NOON + timedelta(minutes=10)))
    assert answers[1:4] == [frozen] * 3
    assert answers[0] != frozen
    assert answers[4] == body(vehicle(at=NOON + timedelta(minutes=20)))


def test_a_client_that_goes_away_is_no_news(
    serve: Callable[..., ApiServer], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, ended = serve("body_over_the_limit@09:00-"), Queue[None]()

    def end(request: socket.socket) -> None:
        ApiServer.shutdown_request(server, request)
        ended.put(None)

    monkeypatch.setattr(server, "shutdown_request", end)
    for sent in (b"", b"GET /gps", b"GET /gps/brt HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.server_port)) as talk:
            talk.sendall(sent)
        ended.get(timeout=BUSY_SECONDS)
    server.faults = parse_faults("")
    assert fetch(feed(server.url))
    assert capfd.readouterr().err == ""


def test_it_stops_at_once_while_an_answer_is_held_back(clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waited for its client would not let this one learn that nothing comes."""
    held, say_nothing = threading.Event(), Connection.say_nothing

    def hold(talk: Connection) -> None:
        held.set()
        say_nothing(talk)

    monkeypatch.setattr(Connection, "say_nothing", hold)
    server = ApiServer(Fleet(), clock, 0, parse_faults("timeouts:1"))
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=BUSY_SECONDS) as talk:
        talk.sendall(b"GET /gps/brt HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.wait(BUSY_SECONDS)
        server.shutdown()
        server.server_close()
        assert talk.recv(1) == b"", "the client learns that nothing comes"
    serving.join(BUSY_SECONDS)
    assert not serving.is_alive()
