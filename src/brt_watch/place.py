"""Where this code runs: in a checkout, where users type `make ...`, or installed, where they type `brt-watch ...`."""

from __future__ import annotations

import os
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
    "duckdb": "brt-watch lake shell",
    "server": "docker compose --profile server up",
}
"""The commands behind the make targets that a message may name."""

_TARGET = re.compile(rf"\bmake ({'|'.join(_COMMANDS)})\b( DEMO=1)?")
_OWN = re.compile(r"\bbrt-watch (?=(?:db|flow|lake|status|stop|logs|verify|transform)\b)")
"""The commands in messages that apply to one of the two systems."""

_SHARED = ("demo", "server")
"""Targets common to the user's system and the demo."""

IN_DEMO = "BRT_WATCH_IN_DEMO"
"""Set in the environment of the demo and of every process that it starts."""


def is_checkout() -> bool:
    """Whether this code runs from a checkout."""
    return (_CHECKOUT / "pyproject.toml").exists()


def home() -> Path:
    """Return where relative paths start: the checkout, or the current folder."""
    return _CHECKOUT if is_checkout() else Path.cwd()


def as_typed(text: str) -> str:
    """Return a message with the commands that exist here, for the system that it concerns.

    An installed package has no make. In the demo a hint must never name the user's own system: stopping that one
    loses captures.
    """
    in_demo = bool(os.environ.get(IN_DEMO))
    if in_demo:
        text = _OWN.sub("brt-watch --demo ", text)
    return _TARGET.sub(lambda found: _typed(found[1], in_demo or bool(found[2])), text)


def _typed(target: str, in_demo: bool) -> str:
    if in_demo and target == "start":
        target = "demo"
    in_demo = in_demo and target not in _SHARED
    if is_checkout():
        return f"make {target}{' DEMO=1' if in_demo else ''}"
    command = _COMMANDS[target]
    return command.replace("brt-watch", "brt-watch --demo", 1) if in_demo else command
