"""Recorded answers of the API, to be played as the API: each from the moment it was given until the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from brt_watch.archive.texts import open_bytes
from brt_watch.clock import parse_moment
from brt_watch.errors import RecordingError


class Recorded(NamedTuple):
    """An answer, and when the API gave it."""

    captured_at: datetime
    body: bytes


@dataclass(frozen=True)
class Recording:
    """At least one answer, in the order of time."""

    answers: list[Recorded]

    def body_at(self, moment: datetime) -> bytes | None:
        """Return what the API said last: None before its first answer, the last one for ever after the end."""
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
        for text in file:
            if text.strip():
                line = msgspec.json.decode(text, type=_Line)
                yield Recorded(parse_moment(line.captured_at), bytes(line.body))
