"""Bytes of a response -> records and rejects. No input or output here, and no clock.

Any bytes give either a `Parsed` whose records and rejects add up to the entries of the list, or a `NotTheContract`.
The rules of a record are in record.py.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

import msgspec

from brt_watch.errors import NotTheContract
from brt_watch.feeds.feed import Feed
from brt_watch.feeds.json_list import apart, split_list
from brt_watch.feeds.record import FieldTypes, Record, as_json, fields_of, read_entry
from brt_watch.model import Agency, Parsed, Reject

_VEHICLE = re.compile(rb'(?:(?<=,)|^)\s*\{\s*"codigo"\s*:')
"""The beginning of a vehicle in the list."""

_WHOLE = re.compile(rb'\s*\{\s*"veiculos"\s*:\s*\[(.*\})\s*\]\s*\}\s*', re.DOTALL)
"""A complete answer with its list of vehicles, whatever brackets lie in between."""


class _Answer(msgspec.Struct):
    veiculos: list[msgspec.Raw]


def parse(body: bytes) -> Parsed:
    """Read a response; raises NotTheContract when it is not `{"veiculos": [...]}` with at least one entry."""
    records: list[Record] = []
    rejects: list[Reject] = []
    counted: Counter[FieldTypes] = Counter()
    for position, text in enumerate(_entries(body)):
        record, reason, types = read_entry(text)
        counted[types] += 1
        if record:
            records.append(record)
        else:
            rejects.append(Reject(position, reason, _rejected(text)))
    if not counted:
        raise NotTheContract("empty_list", "the list of vehicles is empty")
    return Parsed(records, rejects, fields_of(counted))


def _entries(body: bytes) -> list[bytes]:
    """Return the bytes of each entry of the list; raises NotTheContract."""
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return [bytes(text) for text in msgspec.json.decode(body, type=_Answer).veiculos]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # An entry that is not valid JSON (NaN, for example, or nested too deep) does not cost the others.
        entries = split_list(body, b"veiculos")
        if entries is None:
            stretch = _WHOLE.fullmatch(body)
            # A second list is another answer, not a vehicle.
            if not stretch or not _VEHICLE.search(stretch[1]) or b'"veiculos"' in stretch[1]:
                raise _not_the_contract(body, error) from None
            entries = [stretch[1].strip()]
        return [part for entry in entries for part in apart(entry, b"codigo")]


def _not_the_contract(body: bytes, error: Exception) -> NotTheContract:
    beginning = f"it starts with {body[:60]!r}"
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        reason = "broken_json" if body.lstrip()[:1] in (b"{", b"[") else "not_json"
        return NotTheContract(reason, f"{error}; {beginning}")
    return NotTheContract("not_the_contract", f"no list 'veiculos'; {beginning}")


def _rejected(text: bytes) -> str:
    """Return a rejected record as compact JSON; as received if it is not valid JSON."""
    try:
        return as_json(msgspec.json.decode(text))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text.decode(errors="backslashreplace")


ZONE = "America/Sao_Paulo"
AGENCY = Agency("20001", "MobiRio", "https://mobi.rio", "pt-BR")
"""Who runs the BRT: `agency_id` as in the GTFS of Rio, in 2022 and in the city's own models since."""
NAME, SLUG = "BRT do Rio de Janeiro", "brt-rio"
SOURCE = "API de posições do BRT da Prefeitura do Rio"

FEED = Feed("brt", parse)
FEEDS = (FEED,)
