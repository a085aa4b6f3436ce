"""The capture of one feed: the dependencies of its polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from brt_watch.capture.fetch import Client
from brt_watch.capture.files import CaptureFiles
from brt_watch.clock import Clock
from brt_watch.settings import Settings


@dataclass(frozen=True)
class Capture:
    """The settings, a clock, a client of the feed, and the files for its answers."""

    settings: Settings
    clock: Clock
    client: Client
    files: CaptureFiles

    @property
    def step(self) -> timedelta:
        """The time between two ticks."""
        return timedelta(seconds=self.settings.poll_seconds)
