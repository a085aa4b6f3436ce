"""Reading and writing files on disk."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from brt_watch import disk
from brt_watch.archive.windows import pack
from brt_watch.capture.window import CSV

MEGABYTE = 1 << 20
CONTENT = b"2026-11-23T12:00:00.000000Z,901008,,22,-23.006784,-43.313043\r\n" * (32 * MEGABYTE // 63)


@pytest.fixture
def long_window(tmp_path: Path) -> Path:
    (tmp_path / CSV).write_bytes(CONTENT)
    return tmp_path


def peak(do: Callable[[], object]) -> int:
    """Return how many bytes Python held at most meanwhile."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_packing_and_summing_use_constant_memory(long_window: Path) -> None:
    path = long_window / CSV
    assert peak(lambda: disk.sha256(path)) < 4 * MEGABYTE
    assert peak(lambda: pack(long_window)) < 4 * MEGABYTE
    assert not path.exists()
    assert peak(lambda: disk.sha256(path)) < 4 * MEGABYTE


def test_a_packed_file_is_what_it_was(long_window: Path) -> None:
    path = long_window / CSV
    pack(long_window)
    assert disk.read(path) == CONTENT
    assert disk.sha256(path) == hashlib.sha256(CONTENT).hexdigest()
    assert [each.name for each in long_window.iterdir()] == ["brt.csv.zst"]


def test_a_file_whose_writing_fails_is_as_it_was(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with disk.writing_durably(path) as file:
            file.write(b"half")
            raise RuntimeError

    path = tmp_path / "manifest.json"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError):
        write(path)
    assert path.read_bytes() == b"before"
