"""The exact version of the code: its number alone stays the same between releases."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from brt_watch import __version__, disk

PACKAGE = Path(__file__).resolve().parents[1]
KINDS = (".py", ".sql", ".yml")
"""Files that determine what is derived; reference files have a checksum of their own."""


@cache
def exact_version() -> str:
    """Return the version with a checksum of the package's code and models, such as `0.1.0+3f9c2a7d41b0`."""
    return f"{__version__}+{_checksum(PACKAGE)}"


def _checksum(folder: Path) -> str:
    found = hashlib.sha256()
    for name, path in disk.sources(folder, *KINDS):
        found.update(name + path.read_bytes())
    return found.hexdigest()[:12]
