"""Quiet minutes: so few signals, all early in their minute, that one answer does not show whether it is whole.

It is taken for whole when three answers in a row, far apart and long after the minute, have the same signals: two are
not enough, because a service may give the same part of a busy minute twice. What they had is kept in `quiet.json` in
the folder of the recovery.
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
"""Each of the others comes at least this long after the one before."""

ANSWERS = 3


class Answer(msgspec.Struct, frozen=True):
    """The last answer that counts for a minute: when it came, a checksum of its signals, and how many were the same."""

    at: datetime
    sha256: str
    same: int


class QuietMinutes:
    """The answers for quiet minutes that are not yet taken for whole."""

    def __init__(self, data: Path) -> None:
        self.path = data / "quiet.json"

    def is_whole(self, minute: datetime, parsed: Parsed, now: datetime) -> bool:
        """Whether this answer is the last of enough that have the same signals; otherwise it is kept."""
        if now < minute + NOT_BEFORE:
            return False
        signals = sorted((record.vehicle, record.stamp_ms) for record in parsed.records)
        sha256 = hashlib.sha256(msgspec.json.encode(signals)).hexdigest()
        answers = {at: answer for at, answer in self._read().items() if now - at <= its_minutes.KEPT}
        before = answers.get(minute)
        if before and before.sha256 == sha256:
            if now < before.at + APART:
                return False
            answers[minute] = Answer(now, sha256, before.same + 1)
        else:
            answers[minute] = Answer(now, sha256, 1)
        disk.write_durably(self.path, msgspec.json.encode(answers))
        return answers[minute].same >= ANSWERS

    def _read(self) -> dict[datetime, Answer]:
        try:
            return msgspec.json.decode(disk.read(self.path) or b"{}", type=dict[datetime, Answer])
        except msgspec.MsgspecError as error:
            log.warning("quiet_minutes_forgotten", problem=str(error))
            return {}
