"""The folder that all processes of a test run share, and what is made there once, by whichever needs it first."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from brt_watch import lock
from brt_watch.transform.compiled import compiled

FOLDER = "TEST_RUN_FOLDER"
"""The variable that names the meeting place of the pytest-xdist processes."""

PATIENCE_SECONDS = 3600
"""How long one waits for what another makes: on a machine that has much else to do, models take minutes."""


def begin() -> None:
    """Make the folder of a test run; the processes that are started afterwards know it."""
    # Not below pytest's own: the server's ordinary user must reach it, also when the tests run as root.
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="brt-watch-test-")
    folder().chmod(0o755)


def end() -> None:
    """Leave nothing behind."""
    shutil.rmtree(folder())


def folder() -> Path:
    """Return the folder of the test run."""
    return Path(os.environ[FOLDER])


def once(name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of the test run, filled by the first process that needs it; the others wait."""
    made, filled = folder() / f"{name}.made", folder() / name
    with lock.hold(folder() / f"{name}.lock", name, patience_seconds=PATIENCE_SECONDS):
        if not made.exists():
            # What a failed attempt has left.
            shutil.rmtree(filled, ignore_errors=True)
            filled.mkdir()
            make(filled)
            made.touch()
    return filled


def is_made(name: str) -> bool:
    """Return whether a folder of the test run is filled."""
    return (folder() / f"{name}.made").exists()


def compile_models() -> None:
    """Compile the models for DuckDB, which takes about ten seconds, unless they are compiled already."""
    once("compiled", compiled)
