"""Output shared by all commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import msgspec
import structlog
import typer
from rich.console import Console

from brt_watch.clock import parse_moment
from brt_watch.masking import mask_event, masked
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.settings import load_settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def parse_time(text: str) -> datetime:
    """Return the time of an option."""
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write a time as 2026-11-26T06:00Z") from None


def load_resources() -> Resources:
    """Build the resources of the steps from the current settings."""
    return Resources.from_settings(load_settings())


def poll_line(poll: Poll) -> str:
    """Return the outcome of a poll on one line."""
    if poll.status.is_good and poll.reason:
        what = f"{poll.reason} {plain(poll.detail)}".strip()
    elif poll.status.is_good:
        what = f"{poll.records} records, {poll.rejects} rejects, median age {poll.median_age_seconds or 0:.0f} s"
    else:
        what = f"{poll.reason} {plain(masked(poll.detail))}".strip()
    return f"{poll.tick:%Y-%m-%d %H:%M:%S %Z} {poll.status.value}: {what}"


def counted(number: int, what: str) -> str:
    """Return a number of things, in the plural unless it is one."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """Print JSON for programs."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def plain(text: str) -> str:
    """Escape a text so that rich finds no markup in it."""
    return text.replace("[", r"\[")


def set_up_logging() -> None:
    """Log for people on a terminal, and as JSON elsewhere."""
    on_terminal = sys.stderr.isatty()
    render: Callable[..., Any] = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_event,
            render,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress log lines that repeat what a command prints or a progress bar shows."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)
