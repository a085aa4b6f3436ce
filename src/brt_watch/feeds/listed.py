"""The further feeds listed in the settings: `name=kind:address`, separated by blanks.

BRT_WATCH_FEEDS="onibus=sppo_zirix:https://example.org/gps brt_rt=gtfs_rt_kmh@60:https://example.org/vehicle-positions"

`@60` after the kind asks this feed once a minute, however often the first one is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import HttpUrl, TypeAdapter, ValidationError

from brt_watch.feeds import POLLED

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
"""The name also names a folder and a Postgres schema."""

SECONDS = (10, 15, 20, 30, 60)
"""The possible times between polls."""

_TAKEN = ("brt", "its_minutes", "its_minutes_difere", "public", "information_schema")


@dataclass(frozen=True)
class ListedFeed:
    """A feed captured beside the first one: its name, the kind of its answers, its address.

    `seconds` is the time between its polls, None for that of the first feed.
    """

    name: str
    kind: str
    url: str
    seconds: int | None = None


def parse_feeds(text: str) -> tuple[ListedFeed, ...]:
    """Parse a list of feeds; raises ValueError that names the wrong entry and its error."""
    found: dict[str, ListedFeed] = {}
    for entry in text.split():
        name, _, rest = entry.partition("=")
        kind, _, url = rest.partition(":")
        kind, _, written = kind.partition("@")
        if written and (not written.isdecimal() or int(written) not in SECONDS):
            raise ValueError(f"{name!r} is asked every {written} s; it must be {', '.join(map(str, SECONDS))}")
        if not rest or not url:
            raise ValueError(f"{name!r} has no kind or address; an entry is name=kind:address")
        if not _NAME.fullmatch(name) or name in _TAKEN or name.startswith("pg_"):
            raise ValueError(
                f"{name!r} is not a valid feed name: use lower-case letters, digits and _, but not {', '.join(_TAKEN)}"
            )
        if name in found:
            raise ValueError(f"{name!r} is listed twice")
        try:
            TypeAdapter(HttpUrl).validate_python(url)
        except ValidationError:
            raise ValueError(f"the address of {name!r} does not start with http:// or https://") from None
        found[name] = ListedFeed(name, is_kind(kind), url, int(written) if written else None)
    return tuple(found.values())


def is_kind(kind: str) -> str:
    """Return the kind of a feed; raises ValueError if it is unknown."""
    if kind not in POLLED:
        raise ValueError(f"{kind!r} is not a kind of feed; the kinds are {', '.join(POLLED)}")
    return kind
