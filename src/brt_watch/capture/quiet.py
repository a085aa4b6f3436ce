"""Quiet minutes: so few signals, all early in their minute, that one answer does not show whether it is whole.

It is taken for whole when two answers, far apart and long after the minute, have the same signals. What the first of
them had is kept in `quiet.json` in the folder of the recovery.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from brt_watch import disk
from brt_watch.feeds import its_minutes
from brt_watch.model import Parsed

log = structlog.get_logger()

NOT_BEFORE = timedelta(hours=1)
"""The first answer that counts comes at least this long after the minute."""

APART = timedelta(hours=2)
"""The second one comes at least this long after the first."""


class Answer(msgspec.Struct, frozen=True):
    """An answer for a minute: when it came, and a checksum of its signals."""

    at: datetime
    sha256: str


class QuietMinutes:
    """The answers for quiet minutes that are not yet taken for whole."""

    def __init__(self, data: Path) -> None:
        self.path = data / "quiet.json"

    def is_whole(self, minute: datetime, parsed: Parsed, now: datetime) -> bool:
        """Whether an earlier answer, long enough ago, had the same signals; otherwise this one is kept."""
        if now < minute + NOT_BEFORE:
            return False
        signals = sorted((record.vehicle, record.stamp_ms) for record in parsed.records)
        this = Answer(now, hashlib.sha256(msgspec.json.encode(signals)).hexdigest())
        answers = {at: answer for at, answer in self._read().items() if now - at <= its_minutes.KEPT}
        first = answers.get(minute)
        if first and first.sha256 == this.sha256:
            return now - first.at >= APART
        disk.write_durably(self.path, msgspec.json.encode({**answers, minute: this}))
        return False

    def _read(self) -> dict[datetime, Answer]:
        try:
            return msgspec.json.decode(disk.read(self.path) or b"{}", type=dict[datetime, Answer])
        except msgspec.MsgspecError as error:
            log.warning("quiet_minutes_forgotten", problem=str(error))
            return {}
