"""The small files that the capture keeps between polls, beside its windows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from brt_watch import disk
from brt_watch.capture.contract import Watch
from brt_watch.clock import parse_moment, write_moment

log = structlog.get_logger()

RESERVE_BYTES = 1 << 20
"""Room for a day of a full disk: 4,320 lines of the ledger, 150 bytes each."""


class CaptureState:
    """The capture's state in one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def note_clock_set_back(self, newest: datetime) -> None:
        """Record that the clock was set back, and that the ledger already has ticks up to `newest`."""
        newest = max(newest, self.clock_set_back_from() or newest)
        disk.write_durably(self.data / "clock-set-back", write_moment(newest).encode())

    def clock_set_back_from(self) -> datetime | None:
        """Return the newest tick that the ledger had when the clock was last set back, None if it never was."""
        noted = disk.read(self.data / "clock-set-back")
        return parse_moment(noted.decode()) if noted else None

    def read_watch(self) -> Watch:
        """Return the state of the contract watch after the last poll."""
        path = self.data / "watch.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Watch) if path.exists() else Watch()
        except msgspec.MsgspecError as error:
            log.warning("watch_forgotten", problem=str(error))
            return Watch()

    def write_watch(self, watch: Watch) -> None:
        """Save the state of the contract watch for the next poll."""
        disk.write_durably(self.data / "watch.json", msgspec.json.encode(watch))

    def keep_reserve(self) -> None:
        """Reserve some disk space, so that the ledger can be written when the disk is full."""
        path = self.data / "reserve"
        if not path.exists():
            try:
                disk.write_durably(path, b"\0" * RESERVE_BYTES)
            except OSError as error:
                if error.errno not in disk.NO_ROOM:
                    raise
                path.with_name("reserve.part").unlink(missing_ok=True)

    def release_reserve(self) -> None:
        """Free the reserved space."""
        (self.data / "reserve").unlink(missing_ok=True)
