from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

from brt_watch.archive.windows import has_raw, remake
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.feeds.feed import Feed
from brt_watch.model import Parsed, Poll, Reject, Status
from tests.made_vehicles import NOON
from tests.unit.test_window import STEP, filled

LONG = "x" * 1_000_000


def long_rejects(poll: Poll, _body: bytes, _feed: Feed) -> tuple[Poll, Parsed]:
    return poll, Parsed([], [Reject(0, "test", LONG)])


def test_a_window_is_remade_with_one_answer_in_memory(tmp_path: Path) -> None:
    """The records of the whole window were held: 30 MB here, and gigabytes after weeks without a load."""
    files = CaptureFiles(tmp_path, "http://feed")
    folder = files.close(filled(files, 30))
    tracemalloc.start()
    try:
        manifest = remake(folder, long_rejects)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert manifest.rejects == 30
    assert read_manifest(folder) == manifest
    assert peak < 12_000_000


def test_window_without_raw_answers_is_not_remade_from_raw(tmp_path: Path) -> None:
    """Windows of imported tables have records and no raw answers: remade from those they would be empty."""
    files = CaptureFiles(tmp_path, "http://feed")
    window = filled(files, 2)
    assert has_raw(window.folder)
    window.record(replace(Poll(NOON + 5 * STEP, Status.MISSED)))
    assert has_raw(window.folder)
    window.record(Poll(NOON + 6 * STEP, Status.OK, captured_at=NOON), Parsed([], [Reject(0, "test", "{}")]))
    assert not has_raw(window.folder)
