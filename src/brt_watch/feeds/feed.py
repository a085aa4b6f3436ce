"""A feed as a value: what the capture, the load and the archive have to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from brt_watch.model import Column, Parsed


@dataclass(frozen=True)
class Feed:
    """A source of vehicle positions. Adding one means a module that has such a value in its `FEEDS`."""

    name: str
    columns: tuple[Column, ...]
    """The columns of a record, as its CSV and its table have them."""
    read: Callable[[bytes], Parsed]
    """Read the bytes of an answer; raises NotTheContract."""
    accept: str = "application/json"
    """What a request accepts."""
    parameters: Callable[[datetime, datetime | None], dict[str, str]] | None = None
    """The query of a request, from its tick and the tick of the last good poll; None: a request has none."""
    conditional: bool = False
    """Whether to ask for an answer only when it has changed."""
    speed_unit: str = ""
    """The unit in which it sends speeds, where that is in doubt and is to be watched: m/s or km/h."""
