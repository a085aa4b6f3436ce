"""Recorded answers of the API, for replay: each applies from its time until the next one."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from brt_watch.archive.texts import json_place, open_bytes
from brt_watch.clock import parse_moment
from brt_watch.errors import NotTheContract, RecordingError
from brt_watch.feeds.brt import parse


class Recorded(NamedTuple):
    """An answer and its time."""

    captured_at: datetime
    body: bytes


@dataclass(frozen=True)
class Recording:
    """At least one answer, in order of time."""

    answers: list[Recorded]

    def body_at(self, moment: datetime) -> bytes | None:
        """Return the latest answer of the API: None before the first, the last one for ever after the end."""
        index = bisect_right(self.answers, moment, key=lambda recorded: recorded.captured_at)
        return self.answers[index - 1].body if index else None


class _Line(msgspec.Struct):
    captured_at: str
    body: msgspec.Raw


def read_recording(path: Path) -> Recording:
    """Read a recording; raises RecordingError."""
    try:
        answers = sorted(_lines(path), key=lambda recorded: recorded.captured_at)
    except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise RecordingError(file=path, reason=str(error)) from error
    if not answers:
        raise RecordingError(file=path, reason="it has no line")
    return Recording(answers)


def _lines(path: Path) -> Iterator[Recorded]:
    with open_bytes(path) as file:
        for number, text in enumerate(file, start=1):
            if line := text.removeprefix(codecs.BOM_UTF8).strip():
                yield _recorded(line, number)


def _recorded(text: bytes, number: int) -> Recorded:
    """Return the answer of a line; raises ValueError with its place."""
    try:
        line = msgspec.json.decode(text, type=_Line)
        moment, body = line.captured_at, bytes(line.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # A vehicle that is not valid JSON (NaN, for example) becomes a reject of its answer.
        found = _LINE.fullmatch(text)
        if not found or not _is_answer(found[2]):
            malformed = not isinstance(error, msgspec.ValidationError)
            place = json_place(text, error, number) if malformed else f"line {number}: {error}"
            raise ValueError(f"{place}; expected {_EXPECTED}") from error
        moment, body = found[1].decode(), found[2]
    try:
        return Recorded(parse_moment(moment), body)
    except ValueError as error:
        raise ValueError(f"line {number}: captured_at is {moment!r} ({error}); expected {_EXPECTED}") from error


def _is_answer(body: bytes) -> bool:
    try:
        return bool(parse(body).records)
    except NotTheContract:
        return False


_EXPECTED = '{"captured_at": "2025-06-05T21:44:49Z", "body": {"veiculos": [...]}}'
_LINE = re.compile(rb'\{\s*"captured_at"\s*:\s*"([\x20-\x7e]*?)"\s*,\s*"body"\s*:(.*)\}', re.DOTALL)
