"""The folders from which the signals of a feed come into the lake."""

from __future__ import annotations

from pathlib import Path

from brt_watch import disk
from brt_watch.capture.capture import Capture
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.recovery import recovery_of

LAKE_ONLY = "lake-only"
"""A file in the folder of an import that is to be in the lake, and not in the database."""


def files_of(capture: Capture) -> list[CaptureFiles]:
    """Return the windows of a feed by folder: the capture's, those of recovered minutes, and each import's."""
    recovered = recovery_of(capture).files
    there = [recovered] if recovered.data.exists() else []
    imports = sorted(path.parent for path in capture.files.data.glob("imports/*/capturer"))
    return [capture.files, *there, *(CaptureFiles(folder, folder.name) for folder in imports)]


def is_lake_only(data: Path) -> bool:
    """Whether the windows below a folder are to be in the lake only."""
    return (data / LAKE_ONLY).exists()


def keep_in_lake_only(data: Path) -> None:
    """Mark the windows below a folder as those of the lake only."""
    disk.write_durably(data / LAKE_ONLY, b"")
