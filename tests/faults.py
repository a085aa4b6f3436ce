"""An API that fails on purpose: a bare HTTP server on loopback, and one function for each way to fail.

A fault gets the connection, whose request was read and found right, and the body that a good API would send. Bare,
because servers that know HTTP cannot drip, reset or lie.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

PATH = "/gps/brt"
MOVED = "/moved"
NEVER = 30.0
"""Longer than any deadline of a test; a server that is stopped waits no longer."""


class Connection:
    """A connection with one request, which gets at most one answer."""

    def __init__(self, taken: socket.socket, stopping: threading.Event) -> None:
        self._socket = taken
        self._stopping = stopping
        self.whole_answer: bytes | None = None
        """The content of an answer that was sent to its end as HTTP wants it."""

    def send(self, *pieces: bytes, pause: float = 0) -> None:
        for piece in pieces:
            self._socket.sendall(piece)
            if pause and self._stopping.wait(pause):
                return

    def answer(self, content: bytes = b"", status: str = "200 OK", *headers: str, packed: bytes | None = None) -> None:
        """Answer as HTTP wants it; `packed` is what goes over the wire instead of `content`."""
        sent = content if packed is None else packed
        self.send(head(status, f"Content-Length: {len(sent)}", *headers), sent)
        self.whole_answer = content

    def say_nothing(self) -> None:
        self._stopping.wait(NEVER)

    def reset(self) -> None:
        # With a linger of no time, close sends RST instead of FIN.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


Fault = Callable[[Connection, bytes], None]


class FaultyApi:
    """Answers each request with `fault`. It is strict: a request that is not ours is a complaint."""

    def __init__(self) -> None:
        self.fault: Fault = good
        self.body = b""
        self.whole_answers: list[bytes] = []
        self.complaints: list[str] = []
        self._stopping = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}{PATH}"

    @contextmanager
    def running(self) -> Iterator[FaultyApi]:
        self._threads[0].start()
        try:
            yield self
        finally:
            self._stopping.set()
            # close alone does not wake a thread that waits in accept.
            with suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            for thread in self._threads:
                thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._server.accept()
                thread = threading.Thread(target=self._serve, args=(taken,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, taken: socket.socket) -> None:
        # A client that gave up closes the connection in the middle of any of this.
        with suppress(OSError), taken:
            taken.settimeout(NEVER)
            path = self._read_request(taken)
            connection = Connection(taken, self._stopping)
            (good if path == MOVED else self.fault)(connection, self.body)
            if connection.whole_answer is not None:
                self.whole_answers.append(connection.whole_answer)

    def _read_request(self, taken: socket.socket) -> str:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            piece = taken.recv(4096)
            if not piece:
                raise ConnectionError("the client went away")
            data += piece
        first, *lines = data.decode("ascii").splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        method, path, version = first.split(" ")
        expected = {"accept": "application/json", "host": taken.getsockname()[0] + f":{taken.getsockname()[1]}"}
        wrong = [name for name, value in expected.items() if headers.get(name) != value]
        if (method, version) != ("GET", "HTTP/1.1") or path not in (PATH, MOVED) or wrong:
            self.complaints.append(f"{first}, headers {headers}")
        if not headers.get("user-agent", "").startswith("brt-watch/"):
            self.complaints.append("it does not say who it is")
        return path


def head(status: str = "200 OK", *headers: str, version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status}", "Content-Type: application/json", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def vehicles(body: bytes) -> list[Any]:
    listed: list[Any] = json.loads(body)["veiculos"]
    return listed


def with_vehicles(listed: list[Any]) -> bytes:
    return json.dumps({"veiculos": listed}, ensure_ascii=False).encode()


def changed(body: bytes, **changes: Any) -> bytes:
    """Return the body with these changes in every vehicle."""
    return with_vehicles([{**each, **changes} for each in vehicles(body)])


def moved_by(body: bytes, hours: int) -> bytes:
    """Return the body with every stamp this much later."""
    return with_vehicles([{**each, "dataHora": each["dataHora"] + hours * 3_600_000} for each in vehicles(body)])


def good(connection: Connection, body: bytes) -> None:
    connection.answer(body)


# -- no answer, or not a whole one ----------------------------------------------------------------------------------


def fault_http_500(connection: Connection, body: bytes) -> None:
    connection.answer(b"Internal Server Error", "500 Internal Server Error")


def fault_http_502(connection: Connection, body: bytes) -> None:
    connection.answer(b"<html>Bad Gateway</html>", "502 Bad Gateway")


def fault_http_503(connection: Connection, body: bytes) -> None:
    connection.answer(body, "503 Service Unavailable", "Retry-After: 3600")


def fault_http_429(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "429 Too Many Requests", "Retry-After: 60")


def fault_http_404(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "404 Not Found")


def fault_http_403(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "403 Forbidden")


def fault_http_204(connection: Connection, body: bytes) -> None:
    connection.send(head("204 No Content"))


def fault_http_206(connection: Connection, body: bytes) -> None:
    connection.answer(body[:100], "206 Partial Content", f"Content-Range: bytes 0-99/{len(body)}")


def fault_http_304(connection: Connection, body: bytes) -> None:
    connection.send(head("304 Not Modified"))


def fault_silence_before_the_head(connection: Connection, body: bytes) -> None:
    connection.say_nothing()


def fault_silence_in_the_head(connection: Connection, body: bytes) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    connection.say_nothing()


def fault_silence_in_the_body(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body)}"), body[:100])
    connection.say_nothing()


def fault_head_that_drips(connection: Connection, body: bytes) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\n", *(b"X-Drip: %d\r\n" % number for number in range(600)), pause=0.05)


def fault_body_that_drips(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body)}"))
    connection.send(*(bytes([byte]) for byte in body), pause=0.05)


def fault_reset_before_the_answer(connection: Connection, body: bytes) -> None:
    connection.reset()


def fault_reset_in_the_body(connection: Connection, body: bytes) -> None:
    # Time for the client to take the beginning, which a reset may otherwise throw away.
    connection.send(head("200 OK", f"Content-Length: {len(body)}"), body[:100], pause=0.05)
    connection.reset()


def fault_closed_without_an_answer(connection: Connection, body: bytes) -> None:
    """Return, and so close."""


def fault_length_too_long(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body) + 1}"), body)


def fault_two_lengths(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body)}", "Content-Length: 5"), body)


def fault_chunks_cut_off(connection: Connection, body: bytes) -> None:
    # All of the body is there, but not the chunk of length 0 that says so.
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), b"%x\r\n%b\r\n" % (len(body), body))


def fault_chunk_of_nonsense(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), b"many\r\n" + body)


def fault_not_http(connection: Connection, body: bytes) -> None:
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n" + body)


def fault_head_without_end(connection: Connection, body: bytes) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000)


def fault_gzip_broken(connection: Connection, body: bytes) -> None:
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=b"\x1f\x8b\x08 no gzip")


def fault_gzip_with_a_wrong_sum(connection: Connection, body: bytes) -> None:
    packed = gzip.compress(body)
    wrong = packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:]
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=wrong)


def fault_gzip_bomb(connection: Connection, body: bytes) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=packed)


def fault_body_over_the_limit(connection: Connection, body: bytes) -> None:
    connection.answer(body + b" " * 2_000_000)


def fault_body_without_end(connection: Connection, body: bytes) -> None:
    connection.send(head())
    while True:
        connection.send(body)


def fault_redirect_loop(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "302 Found", f"Location: {PATH}")


def fault_redirect_without_an_address(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "302 Found")


def fault_redirect_to_nonsense(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "302 Found", "Location: http://127.0.0.1:many/")


def fault_redirect_to_another_protocol(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "302 Found", "Location: ftp://127.0.0.1/gps/brt")


def fault_redirect_to_nobody(connection: Connection, body: bytes) -> None:
    connection.answer(b"", "302 Found", "Location: http://127.0.0.1:1/gps/brt")


# -- a whole answer that is not the contract ------------------------------------------------------------------------


def fault_html(connection: Connection, body: bytes) -> None:
    connection.answer(b"<!DOCTYPE html><html><body>Em manuten\xc3\xa7\xc3\xa3o</body></html>")


def fault_empty_body(connection: Connection, body: bytes) -> None:
    connection.answer(b"")


def fault_length_too_short(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body) - 1}"), body)
    connection.whole_answer = body[:-1]


def fault_http_1_0_cut_off(connection: Connection, body: bytes) -> None:
    # Without a length its end is where the connection ends, so HTTP cannot tell that something is missing.
    connection.send(head(version="1.0"), body[:-30])
    connection.whole_answer = body[:-30]


def fault_gzip_cut_off(connection: Connection, body: bytes) -> None:
    # Stored blocks, so that what is left unpacks to a beginning of the body that is known.
    packed = gzip.compress(body, compresslevel=0)
    header = len(packed) - len(body) - 8
    connection.answer(body[:200], "200 OK", "Content-Encoding: gzip", packed=packed[: header + 200])


def fault_empty_list(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([]))


def fault_list_outside(connection: Connection, body: bytes) -> None:
    connection.answer(json.dumps(vehicles(body)).encode())


def fault_text_outside(connection: Connection, body: bytes) -> None:
    connection.answer(json.dumps(body.decode()).encode())


def fault_object_for_the_list(connection: Connection, body: bytes) -> None:
    connection.answer(json.dumps({"veiculos": {each["codigo"]: each for each in vehicles(body)}}).encode())


def fault_missing_list(connection: Connection, body: bytes) -> None:
    connection.answer(b'{"erro": "limite de requisi\xc3\xa7\xc3\xb5es"}')


def fault_renamed_list(connection: Connection, body: bytes) -> None:
    connection.answer(body.replace(b"veiculos", b"Veiculos"))


def fault_two_answers_in_one(connection: Connection, body: bytes) -> None:
    connection.answer(body + body)


def fault_invalid_utf8(connection: Connection, body: bytes) -> None:
    connection.answer(body.decode().encode("cp1252"))


def fault_half_a_surrogate_pair(connection: Connection, body: bytes) -> None:
    connection.answer(body.replace(b"ALVORADA", b"\\ud83d"))


def fault_utf16(connection: Connection, body: bytes) -> None:
    connection.answer(body.decode().encode("utf-16"))


def fault_byte_order_mark(connection: Connection, body: bytes) -> None:
    connection.answer(b"\xef\xbb\xbf" + body)


def fault_nan(connection: Connection, body: bytes) -> None:
    connection.answer(changed(body, velocidade=float("nan")))


def fault_infinity(connection: Connection, body: bytes) -> None:
    connection.answer(changed(body, latitude=float("inf")))


def fault_number_beyond_doubles(connection: Connection, body: bytes) -> None:
    connection.answer(changed(body, hodometro="here").replace(b'"here"', b"1e999"))


def fault_deeply_nested(connection: Connection, body: bytes) -> None:
    connection.answer(changed(body, novo="here").replace(b'"here"', b"[" * 20_000 + b"]" * 20_000))


# -- an answer that is good in part, or odd -------------------------------------------------------------------------


def fault_null_in_the_list(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([None, *vehicles(body)]))


def fault_only_nulls_in_the_list(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([None, None]))


def fault_wrong_inner_types(connection: Connection, body: bytes) -> None:
    first, *others = vehicles(body)
    wrong: list[dict[str, Any]] = [{"codigo": []}, {"latitude": "-23,0"}, {"longitude": True}, {"dataHora": {}}]
    connection.answer(with_vehicles([*({**first, **each} for each in wrong), *others]))


def fault_everything_is_text(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([{name: str(value) for name, value in each.items()} for each in vehicles(body)]))


def fault_duplicate_codes(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([*vehicles(body), *vehicles(body)]))


def fault_duplicate_keys(connection: Connection, body: bytes) -> None:
    connection.answer(body.replace(b'"linha":', b'"linha":"99","linha":'))


def fault_stamps_in_the_future(connection: Connection, body: bytes) -> None:
    connection.answer(moved_by(body, hours=3))


def fault_stamps_backward(connection: Connection, body: bytes) -> None:
    connection.answer(moved_by(body, hours=-9))


def fault_stamps_in_seconds(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([{**each, "dataHora": each["dataHora"] // 1000} for each in vehicles(body)]))


def fault_stamps_in_microseconds(connection: Connection, body: bytes) -> None:
    connection.answer(with_vehicles([{**each, "dataHora": each["dataHora"] * 1000} for each in vehicles(body)]))


def fault_same_answer_with_blanks(connection: Connection, body: bytes) -> None:
    connection.answer(b"\r\n\t " + json.dumps(json.loads(body), indent=4).encode() + b"\r\n\r\n")


def fault_http_1_0_without_length(connection: Connection, body: bytes) -> None:
    connection.send(head(version="1.0"), body)
    connection.whole_answer = body


def fault_chunks_of_one_byte(connection: Connection, body: bytes) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), chunks, b"0\r\n\r\n")
    connection.whole_answer = body


def fault_redirect_elsewhere(connection: Connection, body: bytes) -> None:
    # Not `answer`, for this is not the content that counts.
    connection.send(head("302 Found", f"Location: {MOVED}", "Content-Length: 0"))


def fault_wrong_content_type(connection: Connection, body: bytes) -> None:
    connection.send(head("200 OK", f"Content-Length: {len(body)}").replace(b"application/json", b"text/html"), body)
    connection.whole_answer = body


FAULTS: dict[str, Fault] = {
    name.removeprefix("fault_"): value for name, value in list(globals().items()) if name.startswith("fault_")
}
