"""The city's other buses (SPPO), from the two services that replace `/gps/sppo`: conecta and zirix.

    GET https://dados.mobilidade.rio/sppo/zirix/gps?dataInicial=2026-11-20+12:33:00&dataFinal=2026-11-20+12:34:00
    [{"ordem": "B31039", "latitude": "-22,87", "longitude": "-43,25", "datahora": "1717683600000", ...}, ...]

Every value is text, decimals have a comma, and the answer is JSON whatever its Content-Type. The span of a request is
in the server's time (`datahoraservidor`), so late signals are in a later answer. Each request overlaps the last good
one by OVERLAP; a repeated signal counts once. The timestamps of conecta end in Z but are Rio's local time, three hours
off; those of zirix are milliseconds since 1970 or times with their true zone.

Written from public descriptions and public code; not tested against the services themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import msgspec

from brt_watch.clock import parse_moment
from brt_watch.errors import NotTheContract
from brt_watch.feeds.feed import Feed
from brt_watch.feeds.json_list import split_list
from brt_watch.feeds.record import FEW, FieldTypes, Record, field_types_of, fields_of, read_entry
from brt_watch.model import Parsed, Reject

RIO = timezone(timedelta(hours=-3))
"""Rio has had no daylight-saving time since 2019, and these services began later."""

OVERLAP = timedelta(seconds=60)
LONGEST_SPAN = timedelta(minutes=10)
"""After an outage a request goes back at most this far: an answer must stay below the maximum size."""

LIMIT = "60 requests a minute, 5 a second"
"""The request limit that the services state; a poll with all its retries needs fewer."""

_NAMES = {
    "ordem": "codigo",
    "linha": "linha",
    "sentido": "sentido",
    "latitude": "latitude",
    "longitude": "longitude",
    "datahora": "dataHora",
    "velocidade": "velocidade",
    "direcao": "direcao",
}
"""Fields of the services, with their names in the BRT's API."""

_NUMBER = re.compile(r"\s*-?\d+(?:[.,]\d+)?\s*")


def parameters(tick: datetime, last_good: datetime | None) -> dict[str, str]:
    """Return the span to request, in Rio's local time."""
    since = max((last_good or tick) - OVERLAP, tick - LONGEST_SPAN)
    return {
        name: f"{at.astimezone(RIO):%Y-%m-%d %H:%M:%S}" for name, at in (("dataInicial", since), ("dataFinal", tick))
    }


def read(body: bytes, stamps_are_local: bool) -> Parsed:
    """Parse an answer; raises NotTheContract when it is not a list, or an empty one."""
    entries = _entries(body)
    if not entries:
        raise NotTheContract("empty_list", "the list of vehicles is empty")
    records: list[Record] = []
    rejects: list[Reject] = []
    counted: Counter[FieldTypes] = Counter()
    seen: Counter[str] = Counter()
    for position, text in enumerate(entries):
        entry = _decoded(text)
        counted[types := field_types_of(entry)] += 1
        seen.update(name for name, _ in types)
        record, reason = _record(entry, stamps_are_local)
        if record:
            records.append(record)
        else:
            rejects.append(Reject(position, reason, text.decode(errors="backslashreplace").replace("\0", "\ufffd")))
    fields = {name: kinds for name, kinds in fields_of(counted).items() if seen[name] > FEW * len(entries)}
    return Parsed(records, rejects, fields)


def _entries(body: bytes) -> list[bytes]:
    try:
        return [bytes(text) for text in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # An entry that is not valid JSON (NaN, for example) does not cost the others.
        entries = split_list(b'{"veiculos":' + body + b"}", b"veiculos")
        if entries is None:
            raise NotTheContract("not_the_contract", f"no list of vehicles; it starts with {body[:60]!r}") from None
        return entries


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _record(entry: Any, stamps_are_local: bool) -> tuple[Record | None, str]:
    """Return the record of an entry by the rules of the BRT's API, or the reason why it is none."""
    if not isinstance(entry, dict):
        return None, "not_readable" if entry is None else "not_an_object"
    known = {name: entry.get(there) for there, name in _NAMES.items()}
    others = {name: value for name, value in entry.items() if name not in _NAMES and value not in (None, "")}
    for name in ("latitude", "longitude", "velocidade", "direcao"):
        known[name] = _number(known[name])
    if isinstance(known["direcao"], float):
        known["direcao"] = round(known["direcao"])
    known["dataHora"] = _stamp_ms(known["dataHora"], stamps_are_local)
    known["linha"] = (known["linha"].strip() or None) if isinstance(known["linha"], str) else known["linha"]
    record, reason, _ = read_entry(msgspec.json.encode({**others, **known}))
    return record, reason


def _number(value: Any) -> Any:
    """Convert a text with a decimal comma to a number; other values stay unchanged, for the rules."""
    return float(value.replace(",", ".")) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _stamp_ms(value: Any, is_local: bool) -> Any:
    """Convert a time to milliseconds since 1970 (UTC); other values stay unchanged, for the rules."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    try:
        moment = parse_moment(value)
    except (ValueError, AttributeError, TypeError, OverflowError):
        return value
    if is_local and value.strip().endswith(("Z", "z", "+00:00")):
        moment = moment.replace(tzinfo=RIO)
    return round(moment.timestamp() * 1000)


FEEDS = tuple(
    Feed(name, partial(read, stamps_are_local=is_local), accept="*/*", parameters=parameters)
    for name, is_local in (("sppo_conecta", True), ("sppo_zirix", False))
)
