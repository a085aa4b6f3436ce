"""The city's service of past minutes: every position of one UTC minute, from all vendors, kept for three days.

    GET https://its.mobilidade.rio/v1/geolocalizacao/veiculos?minuto_utc=2026-11-20T12:34:00Z&modo=brt&limit=5000
    {"minuto_utc": "2026-11-20T12:34:00Z", "data": [{...}, ...], "next_cursor": null, "providers_status": {...}}

A minute is complete about 15 s after it ends; before that the service answers 200 with part of it. The answer of a
minute is stored as a JSON list of its pages, each as received. Records have the columns of the BRT's own API, so that
they take the same path; other fields (trip, shape, server time) are in `extra`.

Written from public descriptions and public code; not tested against the service itself. Positions are in `latitude` and
`longitude`, as public clients read them; `lat` and `lon` occur as abbreviations in descriptions only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from brt_watch.clock import MINUTE, parse_moment
from brt_watch.errors import NotTheContract
from brt_watch.feeds.feed import Feed
from brt_watch.feeds.json_list import apart, entries_of, is_json, split_list
from brt_watch.feeds.record import FieldTypes, Record, field_types_of, fields_of, read_entry
from brt_watch.model import Parsed, Reject

KEPT = timedelta(days=3)
"""The service keeps a minute for at least this long."""

COMPLETE_AFTER = timedelta(seconds=45)
"""Time from the end of a minute to its request: three times the delay that others observed."""

PAGE_LIMIT = 5000
MAX_PAGES = 20
"""A minute of all vendors has one or two pages; more than this means a circular cursor."""

FEW = 20
"""With fewer signals in a minute, one in its last quarter does not yet show that it is complete."""

SETTLED = timedelta(minutes=30)
"""Such a minute with a signal in its last quarter is taken for whole this long after its end."""

LAST_QUARTER = timedelta(seconds=45)

_NAMES = {
    "id_veiculo": "codigo",
    "servico": "linha",
    "sentido": "sentido",
    "latitude": "latitude",
    "longitude": "longitude",
    "datetime": "dataHora",
    "velocidade": "velocidade",
    "direcao": "direcao",
}
"""Fields of the service, with their names in the BRT's API."""


_DATA = re.compile(rb'"data"\s*:\s*\[')
_LIST_END = re.compile(rb'\](?=\s*(?:,\s*"|\}))')
_NEXT_OBJECT = re.compile(rb"\}\s*,\s*(?=\{)")
_FIRST_FIELD = re.compile(rb'\s*\{\s*"([^"\\]*)"\s*:')


class Page(msgspec.Struct):
    """One page of a minute."""

    data: list[msgspec.Raw]
    minuto_utc: str
    next_cursor: str | None = None
    providers_status: dict[str, Any] | None = None


def parameters(minute: datetime, cursor: str | None) -> dict[str, str]:
    """Return the request parameters of a page of a minute."""
    asked = {"minuto_utc": f"{minute:%Y-%m-%dT%H:%M:00Z}", "modo": "brt", "limit": str(PAGE_LIMIT)}
    return {**asked, "cursor": cursor} if cursor else asked


def read_page(body: bytes, minute: datetime) -> Page:
    """Parse a page; raises NotTheContract when it is invalid, or of another minute."""
    page, _ = _page(body)
    try:
        answered = parse_moment(page.minuto_utc)
    except ValueError as error:
        raise NotTheContract("not_the_contract", str(error)) from None
    if answered != minute:
        raise NotTheContract("other_minute", f"{page.minuto_utc}; {minute:%H:%M} was asked for")
    return page


def join(pages: list[bytes]) -> bytes:
    """Return the pages of a minute as one JSON list, each page as received."""
    return b"[" + b",".join(pages) + b"]"


def read(body: bytes) -> Parsed:
    """Parse the pages of a minute; raises NotTheContract when they are invalid."""
    records: list[Record] = []
    rejects: list[Reject] = []
    counted: Counter[FieldTypes] = Counter()
    for text in _entries(body):
        entry = _decoded(text)
        if isinstance(entry, dict) and entry.get("modo", "brt") != "brt" and entry.get("fornecedor") != "sonda":
            continue
        record, reason = _record(entry)
        if record:
            records.append(record)
        else:
            rejects.append(Reject(counted.total(), reason, text.decode(errors="backslashreplace")))
        counted[field_types_of(entry)] += 1
    if not counted:
        raise NotTheContract("empty_list", "no vehicle of the BRT in this minute")
    return Parsed(records, rejects, fields_of(counted))


def check_vendor(pages: list[Page]) -> None:
    """Raise NotTheContract when a page says that the BRT's vendor is not complete."""
    states = [(page.providers_status or {}).get("sonda", "ok") for page in pages]
    if others := [state for state in states if state != "ok"]:
        raise NotTheContract("partial_minute", f"the vendor of the BRT is {others[0]}")


def check_complete(parsed: Parsed, minute: datetime, now: datetime) -> None:
    """Raise NotTheContract when the answer contains only part of its minute, or may do so."""
    seconds = _seconds_inside(parsed, minute)
    if (newest := max(seconds, default=0)) < LAST_QUARTER.total_seconds():
        raise NotTheContract("partial_minute", f"its newest signal is of second {newest:.0f}")
    if len(seconds) < FEW and now < minute + MINUTE + SETTLED:
        raise NotTheContract("partial_minute", f"it has only {len(seconds)} signals yet")


def is_quiet(parsed: Parsed, minute: datetime) -> bool:
    """Whether an answer has so few signals of its minute that they need not reach its end."""
    return 0 < len(_seconds_inside(parsed, minute)) < FEW


def _seconds_inside(parsed: Parsed, minute: datetime) -> list[float]:
    seconds = [record.stamp_ms / 1000 - minute.timestamp() for record in parsed.records]
    return [second for second in seconds if 0 <= second < MINUTE.total_seconds()]


def _entries(body: bytes) -> Iterator[bytes]:
    for page in _pages(body):
        yield from _page(page)[1]


def _pages(body: bytes) -> list[bytes]:
    """Split the pages of a minute: a page begins at the last object that begins in the list before its own list."""
    if (found := split_list(b'{"pages":' + body + b"}", b"pages")) is not None and all(map(is_json, found)):
        return found
    inside = body.strip().removeprefix(b"[").removesuffix(b"]")
    begins, after = [0], 0
    for data in _DATA.finditer(inside):
        if after and (found_at := [each.end() for each in _NEXT_OBJECT.finditer(inside, after, data.start())]):
            begins.append(found_at[-1])
        after = data.end()
    pages = [inside[begin:end].strip() for begin, end in pairwise([*begins, len(inside)])]
    return [page.removesuffix(b",").rstrip() for page in pages]


def _page(body: bytes) -> tuple[Page, list[bytes]]:
    """Return a page, and the bytes of its entries. An entry of invalid JSON (NaN, an odd quote) costs no other."""
    try:
        page = msgspec.json.decode(body, type=Page)
        return page, list(map(bytes, page.data))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        data = _DATA.search(body)
        for end in _LIST_END.finditer(body, data.end()) if data else ():
            assert data is not None
            with suppress(msgspec.MsgspecError, ValueError, RecursionError):
                page = msgspec.json.decode(body[: data.end()] + body[end.start() :], type=Page)
                stretch = body[data.end() : end.start()]
                first = _FIRST_FIELD.match(stretch)
                name = first[1] if first else b"id_veiculo"
                return page, [part for entry in entries_of(stretch) for part in apart(entry, name)]
        raise NotTheContract("not_the_contract", f"{error}; it starts with {body[:60]!r}") from None


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _record(entry: Any) -> tuple[Record | None, str]:
    """Return the record of an entry by the rules of the BRT's API, or the reason why it is none."""
    if not isinstance(entry, dict):
        return None, "not_readable" if entry is None else "not_an_object"
    known = {name: entry.get(there) for there, name in _NAMES.items()}
    others = {name: value for name, value in entry.items() if name not in _NAMES and value not in (None, "")}
    known["dataHora"] = _stamp_ms(known["dataHora"])
    # A blank line means unknown; the BRT's API writes "0" for none.
    known["linha"] = (known["linha"].strip() or None) if isinstance(known["linha"], str) else known["linha"]
    if isinstance(known["direcao"], float):
        known["direcao"] = round(known["direcao"])
    record, reason, _ = read_entry(msgspec.json.encode({**others, **known}))
    return record, reason


def _stamp_ms(text: Any) -> Any:
    """Convert a time to milliseconds since 1970; other values stay unchanged, for the rules."""
    try:
        return round(parse_moment(text).timestamp() * 1000)
    except (ValueError, AttributeError, OverflowError):
        return text


FEED = Feed("its_minutes", read)
FEEDS = (FEED,)
