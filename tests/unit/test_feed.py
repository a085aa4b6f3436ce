from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brt_watch.errors import FeedFailed
from tests.ask_feed import BUSY_SECONDS, feed, fetch, reason, reason_before_the_deadline

PATH = "/gps/brt"


def ask(url: str) -> bytes:
    return fetch(feed(url))


def test_the_bytes_come_as_they_were_sent(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data(b'{"veiculos": [1.0 ]}\n')
    assert ask(httpserver.url_for(PATH)) == b'{"veiculos": [1.0 ]}\n'


def test_parameters_are_sent_with_a_request(httpserver: HTTPServer) -> None:
    query = {"minuto_utc": "2026-11-20T12:34:00Z", "cursor": "eyJvIjoxfQ=="}
    httpserver.expect_request(PATH, query_string=query).respond_with_data(b"{}")
    client = feed(httpserver.url_for(PATH))
    assert client.fetch(client.clock.now() + timedelta(seconds=BUSY_SECONDS), query).body == b"{}"


def test_gzip_is_undone(httpserver: HTTPServer) -> None:
    packed = gzip.compress(b"abc" * 1000)
    httpserver.expect_request(PATH).respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    assert ask(httpserver.url_for(PATH)) == b"abc" * 1000


def test_a_broken_server_is_asked_again(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request(PATH).respond_with_data(b"", status=502)
    httpserver.expect_ordered_request(PATH).respond_with_data(b"", status=429)
    httpserver.expect_ordered_request(PATH).respond_with_data(b"good")
    assert ask(httpserver.url_for(PATH)) == b"good"


def test_a_server_that_names_a_time_is_asked_again_after_it(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request(PATH).respond_with_data(b"", status=429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request(PATH).respond_with_data(b"good")
    started = time.monotonic()
    assert ask(httpserver.url_for(PATH)) == b"good"
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("after", ["3600", "9" * 25, "tomorrow"])
def test_long_retry_after_is_the_reason(httpserver: HTTPServer, after: str) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"", status=503, headers={"Retry-After": after})
    assert reason_before_the_deadline(feed(httpserver.url_for(PATH)), 0.7) == "http_503"


def test_without_time_nobody_is_asked(httpserver: HTTPServer) -> None:
    assert reason(feed(httpserver.url_for(PATH)), 0) == "deadline"
    assert httpserver.log == []


def test_a_server_that_stays_broken_is_the_reason(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"", status=503)
    assert reason_before_the_deadline(feed(httpserver.url_for(PATH)), 1.5) == "http_503"


def test_a_wrong_address_is_not_asked_again(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"", status=404)
    assert reason(feed(httpserver.url_for(PATH)), BUSY_SECONDS) == "http_404"
    assert len(httpserver.log) == 1


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert reason_before_the_deadline(feed(f"http://127.0.0.1:{free.getsockname()[1]}{PATH}"), 1.5) == "unreachable"


def test_an_answer_that_is_too_long_is_given_up(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"x" * 20_000)
    assert reason(feed(httpserver.url_for(PATH), max_bytes=10_000), BUSY_SECONDS) == "too_long"


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(httpserver: HTTPServer) -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    httpserver.expect_request(PATH).respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    assert reason(feed(httpserver.url_for(PATH)), BUSY_SECONDS) == "too_long"


def test_a_redirect_is_followed_and_a_loop_is_not(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old").respond_with_data(b"", status=302, headers={"Location": PATH})
    httpserver.expect_request(PATH).respond_with_data(b"good")
    httpserver.expect_request("/loop").respond_with_data(b"", status=302, headers={"Location": "/loop"})
    assert ask(httpserver.url_for("/old")) == b"good"
    assert reason(feed(httpserver.url_for("/loop")), BUSY_SECONDS) == "redirects"


def test_a_slow_answer_ends_at_the_deadline(httpserver: HTTPServer) -> None:
    def slow(request: Request) -> Response:
        time.sleep(2)
        return Response(b"late")

    httpserver.expect_request(PATH).respond_with_handler(slow)
    assert reason(feed(httpserver.url_for(PATH)), 0.7) in ("timeout", "deadline")


@pytest.fixture
def bare_server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _answers(server: socket.socket, *pieces: bytes, pause: float = 0) -> str:
    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}{PATH}"


def test_a_connection_cut_in_the_middle_is_broken_off(bare_server: socket.socket) -> None:
    url = _answers(bare_server, b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"veiculos":[')
    assert reason_before_the_deadline(feed(url), 1.5) == "broken_off"


def test_an_answer_that_breaks_off_keeps_its_status(bare_server: socket.socket) -> None:
    """A server that answers 200 is there: such failures must not make the capture ask once a minute."""
    url = _answers(bare_server, b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"veiculos":[')
    with pytest.raises(FeedFailed) as failure:
        fetch(feed(url), 1.5)
    assert (failure.value.reason, failure.value.http_status) == ("broken_off", 200)


def test_an_answer_that_drips_ends_at_the_deadline(bare_server: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    url = _answers(bare_server, head, *[b"x"] * 1000, pause=0.05)
    assert reason(feed(url), 1) == "deadline"


def test_no_http_at_all_is_broken_off(bare_server: socket.socket) -> None:
    assert reason_before_the_deadline(feed(_answers(bare_server, b"\x16\x03\x01 hello\r\n\r\n")), 1.5) == "broken_off"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("ALL_PROXY", "gopher://me:geheim@127.0.0.1:1080"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
        ("SSL_CERT_FILE", __file__),
    ],
)
def test_an_environment_the_client_cannot_use_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The feed can be built (brt-watch status works), and each poll fails with a reason that holds no password."""
    monkeypatch.setenv(name, value)
    with pytest.raises(FeedFailed) as failure:
        fetch(feed("http://127.0.0.1:9/gps/brt"))
    assert failure.value.reason == "client_error"
    assert "geheim" not in failure.value.detail


def test_an_address_that_is_none_is_a_reason() -> None:
    assert reason(feed("http://[::1:9/gps/brt"), BUSY_SECONDS) == "client_error"
