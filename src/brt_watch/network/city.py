"""Where the buses run: the zone of the city's clocks, its reference files, and who runs the buses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from brt_watch.model import Agency


@dataclass(frozen=True)
class City:
    """A city, for everything that shows or exports its data."""

    zone: ZoneInfo
    seeds: Path
    agency: Agency
    name: str
    """What its buses are called in a headline."""
    slug: str
    """The same as the name of a file."""
    source: str
    """Who publishes its data."""
    address: str
    """Where they are published."""
