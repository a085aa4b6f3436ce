"""The folders from which the signals of a feed come into the lake."""

from __future__ import annotations

from brt_watch.capture.capture import Capture
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.recovery import recovery_of


def files_of(capture: Capture) -> list[CaptureFiles]:
    """Return the windows of a feed by folder: the capture's, those of recovered minutes, and each import's."""
    recovered = recovery_of(capture).files
    there = [recovered] if recovered.data.exists() else []
    imports = sorted(path.parent for path in capture.files.data.glob("imports/*/capturer"))
    return [capture.files, *there, *(CaptureFiles(folder, folder.name) for folder in imports)]
