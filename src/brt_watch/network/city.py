"""Where the buses run: the zone of the city's clocks, its reference files, and who runs the buses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from brt_watch.feeds import brt
from brt_watch.model import Agency
from brt_watch.network import SEEDS
from brt_watch.settings import FEED_URL


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


class Made(msgspec.Struct, frozen=True):
    """Which GTFS a city was made from, and what of it goes into the models and exports."""

    gtfs_sha256: str
    project: str
    """The checksum of the package's models."""
    timezone: str
    agency: Agency
    source: str
    """The address of its vehicle positions."""


def city_of(data: Path) -> City:
    """Return the city of a data folder: that of its GTFS, else Rio."""
    project = data / "city" / "dbt"
    made = made_of(data)
    if made is None or not project.is_dir():
        return City(ZoneInfo(brt.ZONE), SEEDS, brt.AGENCY, brt.NAME, brt.SLUG, brt.SOURCE, FEED_URL)
    name = made.agency.name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "city"
    return City(ZoneInfo(made.timezone), project / "seeds", made.agency, name, slug, name, made.source)


def made_of(data: Path) -> Made | None:
    """Return from what the city of a data folder was made, None without one."""
    try:
        return msgspec.json.decode((data / "city" / "city.json").read_bytes(), type=Made)
    except (OSError, msgspec.MsgspecError):
        return None
