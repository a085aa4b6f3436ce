from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.installed import install, program_of
from tests.made_vehicles import recorded_minutes, write_recording
from tests.shared_run import compile_models, once


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the server's ordinary user can reach, also when the tests run as root; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="brt-watch-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def _models_are_compiled() -> None:
    """One-time work of about ten seconds does not count towards the time limit of a page."""
    compile_models()


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def recording(folder: Path) -> Path:
    """Ten minutes of our own making."""
    return write_recording(folder / "ours.jsonl.gz", recorded_minutes())


@pytest.fixture(scope="session")
def installed() -> tuple[str, ...]:
    """The program, installed from the wheel once in a test run."""
    return (str(program_of(once("wheel", install))),)
