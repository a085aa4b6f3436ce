"""A feed as a value: everything that the capture, the load and the archive need to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from brt_watch.model import Parsed


@dataclass(frozen=True)
class Feed:
    """A source of vehicle positions. To add one, write a module with such a value in its `FEEDS`.

    The records of all feeds have the same columns (record.py).
    """

    name: str
    read: Callable[[bytes], Parsed]
    """Read the bytes of an answer; raises NotTheContract."""
    accept: str = "application/json"
    """The Accept header of a request."""
    parameters: Callable[[datetime, datetime | None], dict[str, str]] | None = None
    """The query of a request, from its tick and the tick of the last good poll; None without a query."""
    conditional: bool = False
    """Whether to send conditional requests, answered only when the data has changed."""
    speed_unit: str = ""
    """The unit of its speeds, m/s or km/h, if that is doubtful and should be watched."""
