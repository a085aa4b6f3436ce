"""Recorded answers of the API in files of others, read as answers of the API.

| form | what it is | when it was captured |
|---|---|---|
| .jsonl | a recording: a line an answer, with captured_at | as it says |
| .json | one answer, `{"veiculos": [...]}` or only its list | as the user says, else from its stamps |

Either may be packed (.gz). Entries that are no signals stay in the answers; the rules of the capture reject and count
them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from brt_watch.archive.recordings import Recorded, read_recording
from brt_watch.archive.tables import CROWD
from brt_watch.archive.texts import open_bytes
from brt_watch.clock import UTC
from brt_watch.errors import ImportFailed


@dataclass(frozen=True)
class Source:
    """A file and its answers; `is_estimated` when their moments are taken from their stamps."""

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
    """Estimate when an answer with these stamps was captured, a few seconds early; None without any.

    It is the newest stamp with a crowd in the 20 s up to it; store/sql/tables/answers.sql says the same of tables.
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
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    if isinstance(value, list):
        body, value = b'{"veiculos":' + body.strip() + b"}", {"veiculos": value}
    entries = value.get("veiculos") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not any(isinstance(entry, dict) and entry.get("codigo") for entry in entries):
        raise ImportFailed(file=file, reason="no vehicle in it has a codigo, so it is no answer of the BRT's API")
    moment = captured_at or moment_of(_stamps(entries))
    if moment is None:
        raise ImportFailed(file=file, reason="no record of it has a stamp; say when it was captured: --captured-at")
    if captured_at is None and moment.year == 1970:
        reason = f"its newest dataHora is {moment:%Y-%m-%d}; seconds? milliseconds since 1970 are expected"
        raise ImportFailed(file=file, reason=reason)
    return Source(file, [Recorded(moment, body)], is_estimated=captured_at is None)


def _stamps(entries: list[Any]) -> list[int]:
    found = (entry.get("dataHora") for entry in entries if isinstance(entry, dict))
    # What is no moment at all is left to the rules of the capture.
    return [stamp for stamp in found if type(stamp) is int and 0 <= stamp < 10**14]
