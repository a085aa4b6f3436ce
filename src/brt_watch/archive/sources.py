"""Recorded answers of the API in imported files, read as answers of the API.

| format | content | time of capture |
|---|---|---|
| .jsonl | a recording: one answer per line, with captured_at | as recorded |
| .json | one answer, `{"veiculos": [...]}` or only its list | from the user, otherwise from its timestamps |

Either may be packed (.gz). Entries that are not signals stay in the answers; the rules of the capture reject and count
them.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from brt_watch.archive.recordings import Recorded, read_recording
from brt_watch.archive.tables import CROWD
from brt_watch.archive.texts import json_place, open_bytes
from brt_watch.clock import UTC
from brt_watch.errors import ImportFailed, NotTheContract
from brt_watch.feeds.brt import parse


@dataclass(frozen=True)
class Source:
    """A file and its answers; `is_estimated` when their times are derived from their timestamps."""

    file: Path
    answers: list[Recorded]
    is_estimated: bool = False

    @property
    def described(self) -> str:
        """Where the data came from, as stored with them."""
        return f"{self.file.name} (captured_at estimated)" if self.is_estimated else self.file.name


def read_source(file: Path, captured_at: datetime | None = None) -> Source:
    """Read a .json or .jsonl; raises RecordingError, ImportFailed. `captured_at` is when the answer of a .json came."""
    form = file.name.removesuffix(".gz").rpartition(".")[2]
    return _json_source(file, captured_at) if form == "json" else Source(file, read_recording(file).answers)


def moment_of(stamps_ms: Iterable[int]) -> datetime | None:
    """Estimate when an answer with these timestamps was captured, a few seconds early; None without any.

    It is the newest timestamp with enough others in the 20 s before it; store/sql/tables/answers.sql does the same for
    tables.
    """
    stamps = sorted(stamps_ms)
    enough = CROWD * len(stamps)
    crowds = (stamp for index, stamp in enumerate(stamps) if index + 1 - bisect_left(stamps, stamp - 20_000) >= enough)
    newest = max(crowds, default=stamps[-1] if stamps else None)
    return datetime.fromtimestamp(newest / 1000, UTC) if newest is not None else None


def _read(file: Path) -> bytes:
    try:
        with open_bytes(file) as content:
            return content.read()
    except OSError as error:
        raise ImportFailed(file=file, reason=str(error)) from error


# -- one answer -----------------------------------------------------------------------------------------------------


def _json_source(file: Path, captured_at: datetime | None) -> Source:
    body = _read(file)
    text = body.removeprefix(codecs.BOM_UTF8)
    if text.lstrip().startswith(b"["):
        body = b'{"veiculos":' + text.strip() + b"}"
    try:
        parsed = parse(body)
    except NotTheContract as failure:
        raise ImportFailed(file=file, reason=f"{_place(text) or failure.detail}; expected {_EXPECTED}") from failure
    if not parsed.records and {reject.reason for reject in parsed.rejects} <= _NO_VEHICLE:
        raise ImportFailed(file=file, reason="no vehicle in it has a codigo, so it is no answer of the BRT's API")
    moment = captured_at or moment_of(record.stamp_ms for record in parsed.records)
    if moment is None:
        raise ImportFailed(file=file, reason="no record of it has a stamp; say when it was captured: --captured-at")
    if captured_at is None and moment.year == 1970:
        reason = f"its newest dataHora is {moment:%Y-%m-%d}; seconds? milliseconds since 1970 are expected"
        raise ImportFailed(file=file, reason=reason)
    return Source(file, [Recorded(moment, body)], is_estimated=captured_at is None)


def _place(text: bytes) -> str | None:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return json_place(text, error)
    return None


_EXPECTED = '{"veiculos": [...]} or its list alone, complete'
_NO_VEHICLE = {"codigo_missing", "not_an_object", "not_readable"}
