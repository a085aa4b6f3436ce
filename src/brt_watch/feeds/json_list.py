"""The entries of a JSON list that is invalid as a whole because an entry is broken."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[][{},]', re.DOTALL)
_LIST = re.compile(rb"\s*:\s*\[")
_CLOSED_BY = {b"{": b"}", b"[": b"]"}


def split_list(body: bytes, name: bytes) -> list[bytes] | None:
    """Return the bytes of each entry of the list `name` in an object; None without a complete object that has it.

    Only quotes and brackets have to match; other content of an entry does not matter.
    """
    if not body.lstrip().startswith(b"{"):
        return None
    open_brackets: list[bytes] = []
    entries: list[bytes] | None = None
    begin = -1
    list_at = -1
    end = 0
    for token in _TOKEN.finditer(body):
        text, depth = token[0], len(open_brackets)
        if end:
            return None  # something follows the object
        if text in _CLOSED_BY:
            open_brackets.append(_CLOSED_BY[text])
            if token.start() == list_at:
                entries, begin = [], token.end()
        elif text in (b"}", b"]"):
            if not open_brackets or open_brackets.pop() != text:
                return None
            if begin >= 0 and depth == 2:
                last = body[begin : token.start()].strip()
                entries = [*(entries or []), *([last] if last else [])]
                begin = -1
            if not open_brackets:
                end = token.end()
        elif text == b",":
            if begin >= 0 and depth == 2 and entries is not None:
                entries.append(body[begin : token.start()].strip())
                begin = token.end()
        elif depth == 1 and text[1:-1] == name and (opened := _LIST.match(body, token.end())):
            list_at = opened.end() - 1
    return entries if end and not body[end:].strip() else None


def apart(entry: bytes, first_field: bytes) -> list[bytes]:
    """Split an unreadable entry wherever an object that starts with `first_field` begins.

    An odd quote or bracket makes an entry absorb the following ones.
    """
    begins = re.compile(rb'(?:(?<=,)|^)\s*\{\s*"' + re.escape(first_field) + rb'"\s*:')
    if not begins.search(entry, 1) or is_json(entry):
        return [entry]
    places = [0, *(found.start() for found in begins.finditer(entry, 1)), len(entry)]
    # Without its comma a part may be complete; the text of a broken one stays as received.
    parts = [entry[begin:end].strip().removesuffix(b",").rstrip() for begin, end in pairwise(places)]
    return [each for part in parts if part for each in entries_of(part)]


def entries_of(stretch: bytes) -> list[bytes]:
    """Return the entries between the brackets of a list; the whole text where they cannot be separated."""
    return split_list(b'{"list":[' + stretch + b"]}", b"list") or [stretch.strip()]


def is_json(text: bytes) -> bool:
    """Whether a text is JSON."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True
