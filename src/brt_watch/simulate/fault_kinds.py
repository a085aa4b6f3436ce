"""Faults of the API: one function per kind; its docstring says what the API does.

Long because there are 73 kinds.

There are three sorts. A change takes the fleet and returns another: the answer is complete, and several changes can
apply at once. A content takes the body and returns a replacement, sent as valid HTTP. A break takes the connection
and does what HTTP servers cannot do.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brt_watch.simulate.connection import MOVED, PATH, Connection, head

Fleet = list[Any]
Answer = Callable[[Connection, bytes], None]
Change = Callable[[Fleet], Fleet]

HOUR_MS = 3_600_000


def good(connection: Connection, body: bytes) -> None:
    """Answer like a working API."""
    connection.answer(body)


@dataclass(frozen=True)
class Fault:
    """A fault of the API: called with a connection and the body of a working API, it answers."""

    name: str
    description: str
    changes: tuple[Change, ...] = ()
    answer: Answer = good
    holds: bool = False
    """Whether the body stays the same as at the beginning of the fault."""
    as_of: datetime | None = None
    """The time whose body is sent, if not the present."""

    def __call__(self, connection: Connection, body: bytes) -> None:
        """Answer a request; `body` is that of `as_of`."""
        if self.changes and (fleet := vehicles(body)):
            for change in self.changes:
                fleet = change(fleet)
            body = with_vehicles(fleet)
        self.answer(connection, body)


def vehicles(body: bytes) -> Fleet:
    """Return the entries of a body, or none when it does not follow the contract."""
    document = json.loads(body)
    listed = document.get("veiculos") if isinstance(document, dict) else None
    return listed if isinstance(listed, list) else []


def with_vehicles(fleet: Fleet) -> bytes:
    """Return a body with these entries, in the API's spelling."""
    return json.dumps({"veiculos": fleet}, ensure_ascii=False, separators=(",", ":")).encode()


def _in_each(fleet: Fleet, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fleet:
    """Return the fleet with each vehicle changed; other entries stay as they are."""
    return [change(entry) if isinstance(entry, dict) else entry for entry in fleet]


def _with_stamps(fleet: Fleet, change: Callable[[int], int]) -> Fleet:
    return _in_each(
        fleet,
        lambda vehicle: (
            {**vehicle, "dataHora": change(vehicle["dataHora"])}
            if isinstance(vehicle.get("dataHora"), int)
            else vehicle
        ),
    )


FAULTS: dict[str, Fault] = {}
"""Every kind of fault by its name."""


def _add(function: Callable[..., object], **how: Any) -> Fault:
    fault = Fault(function.__name__, function.__doc__ or "", **how)
    FAULTS[fault.name] = fault
    return fault


def _change(function: Change) -> Fault:
    return _add(function, changes=(function,))


def _content(function: Callable[[bytes], bytes]) -> Fault:
    return _add(function, answer=lambda connection, body: connection.answer(function(body)))


def _break(function: Answer) -> Fault:
    return _add(function, answer=function)


# -- no answer, or not a whole one ----------------------------------------------------------------------------------


@_break
def http_500(connection: Connection, _: bytes) -> None:
    """It answers 500 Internal Server Error."""
    connection.answer(b"Internal Server Error", "500 Internal Server Error")


@_break
def http_502(connection: Connection, _: bytes) -> None:
    """It answers 502 Bad Gateway, with a page of HTML."""
    connection.answer(b"<html>Bad Gateway</html>", "502 Bad Gateway")


@_break
def http_503(connection: Connection, body: bytes) -> None:
    """It answers 503 Service Unavailable, with Retry-After one hour."""
    connection.answer(body, "503 Service Unavailable", "Retry-After: 3600")


@_break
def http_429(connection: Connection, _: bytes) -> None:
    """It answers 429 Too Many Requests, with Retry-After one minute."""
    connection.answer(b"", "429 Too Many Requests", "Retry-After: 60")


@_break
def http_404(connection: Connection, _: bytes) -> None:
    """It answers 404 Not Found."""
    connection.answer(b"", "404 Not Found")


@_break
def http_403(connection: Connection, _: bytes) -> None:
    """It answers 403 Forbidden."""
    connection.answer(b"", "403 Forbidden")


@_break
def http_204(connection: Connection, _: bytes) -> None:
    """It answers 204 No Content."""
    connection.send(head("204 No Content"))


@_break
def http_206(connection: Connection, body: bytes) -> None:
    """It answers 206 Partial Content, with the first 100 bytes."""
    connection.answer(body[:100], "206 Partial Content", f"Content-Range: bytes 0-99/{len(body)}")


@_break
def http_304(connection: Connection, _: bytes) -> None:
    """It answers 304 Not Modified to an unconditional request."""
    connection.send(head("304 Not Modified"))


@_break
def silence_before_the_head(connection: Connection, _: bytes) -> None:
    """It accepts the request and never answers."""
    connection.say_nothing()


@_break
def silence_in_the_head(connection: Connection, _: bytes) -> None:
    """It stops sending in the middle of the head."""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    connection.say_nothing()


@_break
def silence_in_the_body(connection: Connection, body: bytes) -> None:
    """It stops sending after 100 bytes of the body."""
    connection.send(head("200 OK", f"Content-Length: {len(body)}"), body[:100])
    connection.say_nothing()


@_break
def head_that_drips(connection: Connection, _: bytes) -> None:
    """It sends one header after another, slowly, and no body."""
    connection.send(b"HTTP/1.1 200 OK\r\n", *(b"X-Drip: %d\r\n" % number for number in range(600)), pause=0.05)


@_break
def body_that_drips(connection: Connection, body: bytes) -> None:
    """It sends the body at 20 bytes per second."""
    connection.send(head("200 OK", f"Content-Length: {len(body)}"))
    connection.send(*(bytes([byte]) for byte in body), pause=0.05)


@_break
def reset_before_the_answer(connection: Connection, _: bytes) -> None:
    """It resets the connection without an answer."""
    connection.reset()


@_break
def reset_in_the_body(connection: Connection, body: bytes) -> None:
    """It resets the connection after 100 bytes of the body."""
    # Time for the client to take the beginning, which a reset may otherwise throw away.
    connection.send(head("200 OK", f"Content-Length: {len(body)}"), body[:100], pause=0.05)
    connection.reset()


@_break
def closed_without_an_answer(_: Connection, __: bytes) -> None:
    """It closes the connection without an answer."""


@_break
def length_too_long(connection: Connection, body: bytes) -> None:
    """It declares one byte more than it sends."""
    connection.send(head("200 OK", f"Content-Length: {len(body) + 1}"), body)


@_break
def two_lengths(connection: Connection, body: bytes) -> None:
    """It declares two contradictory lengths."""
    connection.send(head("200 OK", f"Content-Length: {len(body)}", "Content-Length: 5"), body)


@_break
def chunks_cut_off(connection: Connection, body: bytes) -> None:
    """It sends the body as a chunk, without the terminating chunk."""
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), b"%x\r\n%b\r\n" % (len(body), body))


@_break
def chunk_of_nonsense(connection: Connection, body: bytes) -> None:
    """It sends a chunk whose length is not a number."""
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), b"many\r\n" + body)


@_break
def not_http(connection: Connection, body: bytes) -> None:
    """It answers in a protocol other than HTTP."""
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n" + body)


@_break
def head_without_end(connection: Connection, _: bytes) -> None:
    """It sends a header of 200,000 bytes without an end."""
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000)


@_break
def gzip_broken(connection: Connection, body: bytes) -> None:
    """It labels a plain body as gzip."""
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=b"\x1f\x8b\x08 no gzip")


@_break
def gzip_with_a_wrong_sum(connection: Connection, body: bytes) -> None:
    """It sends gzip whose checksum is wrong."""
    packed = gzip.compress(body)
    wrong = packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:]
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=wrong)


@_break
def gzip_cut_off(connection: Connection, body: bytes) -> None:
    """It sends truncated gzip."""
    # Stored blocks, so that what is left unpacks to a beginning of the body that is known.
    packed = gzip.compress(body, compresslevel=0)
    header = len(packed) - len(body) - 8
    connection.answer(body[:200], "200 OK", "Content-Encoding: gzip", packed=packed[: header + 200])


@_break
def gzip_bomb(connection: Connection, body: bytes) -> None:
    """It sends a small gzip that unpacks to 50 MB of blanks."""
    packed = gzip.compress(b" " * 50_000_000)
    connection.answer(body, "200 OK", "Content-Encoding: gzip", packed=packed)


@_break
def body_over_the_limit(connection: Connection, body: bytes) -> None:
    """It sends 40 MB of blanks after the body."""
    long = body + b" " * 40_000_000
    connection.answer(long, packed=long)


@_break
def body_without_end(connection: Connection, body: bytes) -> None:
    """It repeats the body until the client disconnects."""
    connection.send(head())
    while True:
        connection.send(body)


@_break
def redirect_loop(connection: Connection, _: bytes) -> None:
    """It redirects to itself."""
    connection.answer(b"", "302 Found", f"Location: {PATH}")


@_break
def redirect_without_an_address(connection: Connection, _: bytes) -> None:
    """It redirects without an address."""
    connection.answer(b"", "302 Found")


@_break
def redirect_to_nonsense(connection: Connection, _: bytes) -> None:
    """It redirects to an invalid address."""
    connection.answer(b"", "302 Found", "Location: http://127.0.0.1:many/")


@_break
def redirect_to_another_protocol(connection: Connection, _: bytes) -> None:
    """It redirects to FTP."""
    connection.answer(b"", "302 Found", "Location: ftp://127.0.0.1/gps/brt")


@_break
def redirect_to_nobody(connection: Connection, _: bytes) -> None:
    """It redirects to a port where nobody listens."""
    connection.answer(b"", "302 Found", "Location: http://127.0.0.1:1/gps/brt")


# -- a whole answer that is not the contract ------------------------------------------------------------------------


@_content
def html(_: bytes) -> bytes:
    """It answers 200 with a maintenance page."""
    return b"<!DOCTYPE html><html><body>Em manuten\xc3\xa7\xc3\xa3o</body></html>"


@_content
def empty_body(_: bytes) -> bytes:
    """It answers 200 with an empty body."""
    return b""


@_break
def length_too_short(connection: Connection, body: bytes) -> None:
    """It declares one byte less than it sends, so the last one is lost."""
    connection.whole_answer = body[:-1]
    connection.send(head("200 OK", f"Content-Length: {len(body) - 1}"), body)


@_break
def http_1_0_cut_off(connection: Connection, body: bytes) -> None:
    """It closes the connection 30 bytes before the end, without a declared length."""
    # Without a length its end is where the connection ends, so HTTP cannot tell that something is missing.
    connection.whole_answer = body[:-30]
    connection.send(head(version="1.0"), body[:-30])


@_change
def empty_list(_: Fleet) -> Fleet:
    """It sends an empty list."""
    return []


@_content
def list_outside(body: bytes) -> bytes:
    """It sends the list without the object around it."""
    return json.dumps(vehicles(body)).encode()


@_content
def text_outside(body: bytes) -> bytes:
    """It sends its JSON as a string inside JSON."""
    return json.dumps(body.decode()).encode()


@_content
def object_for_the_list(body: bytes) -> bytes:
    """It sends an object of vehicles by their codes instead of the list."""
    return json.dumps({"veiculos": {each["codigo"]: each for each in vehicles(body)}}).encode()


@_content
def missing_list(_: bytes) -> bytes:
    """It answers 200 with an error message in JSON."""
    return b'{"erro": "limite de requisi\xc3\xa7\xc3\xb5es"}'


@_content
def renamed_list(body: bytes) -> bytes:
    """It names the list Veiculos."""
    return body.replace(b"veiculos", b"Veiculos", 1)


@_content
def two_answers_in_one(body: bytes) -> bytes:
    """It sends the body twice in one answer."""
    return body + body


@_content
def invalid_utf8(body: bytes) -> bytes:
    """It sends cp1252 instead of UTF-8."""
    return body.decode().encode("cp1252", errors="replace")


@_content
def half_a_surrogate_pair(body: bytes) -> bytes:
    """It sends half a character in the names of the routes."""
    return body.replace(b"ALVORADA", b"\\ud83d")


@_content
def utf16(body: bytes) -> bytes:
    """It sends UTF-16 instead of UTF-8."""
    return body.decode().encode("utf-16")


@_content
def byte_order_mark(body: bytes) -> bytes:
    """It puts a byte order mark before the JSON."""
    return b"\xef\xbb\xbf" + body


@_change
def nan(fleet: Fleet) -> Fleet:
    """Every speed is NaN, which is not JSON."""
    return _in_each(fleet, lambda vehicle: {**vehicle, "velocidade": float("nan")})


@_change
def infinity(fleet: Fleet) -> Fleet:
    """Every latitude is Infinity, which is not JSON."""
    return _in_each(fleet, lambda vehicle: {**vehicle, "latitude": float("inf")})


@_content
def number_beyond_doubles(body: bytes) -> bytes:
    """Every odometer shows 1e999."""
    marked = _in_each(vehicles(body), lambda vehicle: {**vehicle, "hodometro": "here"})
    return with_vehicles(marked).replace(b'"here"', b"1e999")


@_content
def deeply_nested(body: bytes) -> bytes:
    """Every vehicle has a field of 20,000 nested lists."""
    marked = _in_each(vehicles(body)[:2], lambda vehicle: {**vehicle, "novo": "here"})
    return with_vehicles(marked).replace(b'"here"', b"[" * 20_000 + b"]" * 20_000)


# -- an answer that is good in part, or odd -------------------------------------------------------------------------


@_change
def null_in_the_list(fleet: Fleet) -> Fleet:
    """The list begins with null."""
    return [None, *fleet]


@_change
def only_nulls_in_the_list(_: Fleet) -> Fleet:
    """The list has two nulls and no vehicle."""
    return [None, None]


@_change
def wrong_inner_types(fleet: Fleet) -> Fleet:
    """The first vehicle appears four times, each time with a wrong type in a different required field."""
    wrong: list[dict[str, Any]] = [{"codigo": []}, {"latitude": "-23,0"}, {"longitude": True}, {"dataHora": {}}]
    first, *others = fleet
    return [*({**first, **each} for each in wrong if isinstance(first, dict)), *others]


@_change
def everything_is_text(fleet: Fleet) -> Fleet:
    """Every value is a string, including the numbers."""
    return _in_each(fleet, lambda vehicle: {name: str(value) for name, value in vehicle.items()})


@_change
def type_changed(fleet: Fleet) -> Fleet:
    """Every speed is a string with a decimal comma, as in Portuguese."""
    return _in_each(
        fleet, lambda vehicle: {**vehicle, "velocidade": str(vehicle.get("velocidade", 0)).replace(".", ",")}
    )


@_change
def new_field(fleet: Fleet) -> Fleet:
    """Every vehicle has one more field, bateria."""
    return _in_each(fleet, lambda vehicle: {**vehicle, "bateria": 98})


@_change
def field_gone(fleet: Fleet) -> Fleet:
    """No vehicle has the field ignicao."""
    return _in_each(fleet, lambda vehicle: {name: value for name, value in vehicle.items() if name != "ignicao"})


@_change
def fleet_halved(fleet: Fleet) -> Fleet:
    """Only two in five vehicles remain, always the same ones."""
    # Chosen by what they are, not by where they stand, so that a vehicle that comes or goes changes no other's lot.
    # Fewer than half, because what has exactly half its vehicles has not lost most of them.
    lots = [zlib.crc32(str(entry.get("codigo") if isinstance(entry, dict) else entry).encode()) for entry in fleet]
    last = sorted(lots)[max(len(fleet) * 2 // 5, 1) - 1]
    return [entry for entry, lot in zip(fleet, lots, strict=True) if lot <= last]


@_change
def duplicate_codes(fleet: Fleet) -> Fleet:
    """Every vehicle appears twice."""
    return [*fleet, *fleet]


@_content
def duplicate_keys(body: bytes) -> bytes:
    """Every vehicle has its line twice, with different values."""
    return body.replace(b'"linha":', b'"linha":"99","linha":')


@_change
def stamps_in_the_future(fleet: Fleet) -> Fleet:
    """Every timestamp is three hours ahead: local time taken for UTC."""
    return _with_stamps(fleet, lambda stamp: stamp + 3 * HOUR_MS)


@_change
def stamps_backward(fleet: Fleet) -> Fleet:
    """Every timestamp is nine hours behind."""
    return _with_stamps(fleet, lambda stamp: stamp - 9 * HOUR_MS)


@_change
def stamps_in_seconds(fleet: Fleet) -> Fleet:
    """Every timestamp is in seconds instead of milliseconds."""
    return _with_stamps(fleet, lambda stamp: stamp // 1000)


@_change
def stamps_in_microseconds(fleet: Fleet) -> Fleet:
    """Every timestamp is in microseconds instead of milliseconds."""
    return _with_stamps(fleet, lambda stamp: stamp * 1000)


@_content
def same_answer_with_blanks(body: bytes) -> bytes:
    """It sends the same answer, spread over many lines."""
    return b"\r\n\t " + json.dumps(json.loads(body), indent=4).encode() + b"\r\n\r\n"


@_break
def http_1_0_without_length(connection: Connection, body: bytes) -> None:
    """It answers in HTTP 1.0 without a length."""
    connection.whole_answer = body
    connection.send(head(version="1.0"), body)


@_break
def chunks_of_one_byte(connection: Connection, body: bytes) -> None:
    """It sends every byte as a separate chunk."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    connection.whole_answer = body
    connection.send(head("200 OK", "Transfer-Encoding: chunked"), chunks, b"0\r\n\r\n")


@_break
def redirect_elsewhere(connection: Connection, _: bytes) -> None:
    """It redirects to another address with the good answer."""
    # Not `answer`, for this is not the content that counts.
    connection.send(head("302 Found", f"Location: {MOVED}", "Content-Length: 0"))


@_break
def wrong_content_type(connection: Connection, body: bytes) -> None:
    """It labels its JSON as text/html."""
    connection.whole_answer = body
    connection.send(head("200 OK", f"Content-Length: {len(body)}").replace(b"application/json", b"text/html"), body)


FAULTS["frozen"] = Fault("frozen", "It keeps repeating its answer from when the fault began.", holds=True)

ALIASES = {
    "timeouts": "silence_before_the_head",
    "slow_drip": "body_that_drips",
    "outage": "reset_before_the_answer",
    "reset": "reset_in_the_body",
    "truncated": "http_1_0_cut_off",
    "http_5xx": "http_500",
    "duplicates": "duplicate_codes",
    "clock_off": "stamps_in_the_future",
}
"""Shorter names for some of them."""
