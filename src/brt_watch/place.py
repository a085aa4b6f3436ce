"""Where this code lies: in a checkout, where people type `make ...`, or installed, where they type `brt-watch ...`."""

from __future__ import annotations

import re
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]

_COMMANDS = {
    "start_db": "brt-watch db start",
    "start": "brt-watch start",
    "stop": "brt-watch stop",
    "status": "brt-watch status",
    "logs": "brt-watch logs",
    "demo": "brt-watch demo",
    "psql": "brt-watch db psql",
    "server": "docker compose --profile server up",
}
"""What the targets of make that a message may name stand for."""

_TARGET = re.compile(rf"\bmake ({'|'.join(_COMMANDS)})\b( DEMO=1)?")


def is_checkout() -> bool:
    """Whether this code runs from a checkout."""
    return (_CHECKOUT / "pyproject.toml").exists()


def home() -> Path:
    """Return where relative paths start: the checkout, else the current folder."""
    return _CHECKOUT if is_checkout() else Path.cwd()


def as_typed(text: str) -> str:
    """Return a message with the commands that exist here: installed, there is no make."""
    if is_checkout():
        return text
    return _TARGET.sub(lambda found: _typed(_COMMANDS[found[1]], bool(found[2])), text)


def _typed(command: str, in_demo: bool) -> str:
    return command.replace("brt-watch", "brt-watch --demo", 1) if in_demo else command
