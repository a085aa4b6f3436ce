from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's ordinary user can reach, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="brt-watch-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
