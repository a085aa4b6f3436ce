"""A feed as a value: what the capture, the load and the archive have to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brt_watch.model import Column, Parsed


@dataclass(frozen=True)
class Feed:
    """A source of vehicle positions. Adding one means a module with such a value, `FEED`."""

    name: str
    columns: tuple[Column, ...]
    """The columns of a record, as its CSV and its table have them."""
    read: Callable[[bytes], Parsed]
    """Read the bytes of an answer; raises NotTheContract."""
    accept: str = "application/json"
    """What a request accepts."""
