"""Locks between processes: file locks that the kernel releases when their holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from brt_watch import disk
from brt_watch.errors import AlreadyRunning


@contextmanager
def hold(path: Path, what: str, patience_seconds: float = 0) -> Iterator[None]:
    """Hold the lock at `path` and write the process id to it; raises AlreadyRunning if another process holds it.

    Raises FolderUnusable where nothing can be written.
    """
    disk.make_writable_folder(path.parent)
    until = time.monotonic() + patience_seconds
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise AlreadyRunning(what=what, pid=_pid(path) or "unknown") from None
                time.sleep(0.02)
        with suppress(OSError):  # a full disk; the lock holds anyway
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def holder(path: Path) -> int | None:
    """Return the id of the process that holds the lock at `path`; None if it is free."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _pid(path)
    return None


def _pid(path: Path) -> int | None:
    text = path.read_text()
    return int(text) if text.isdecimal() else None
