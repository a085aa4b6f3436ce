"""The further feeds that the settings list: `name=kind:address`, with blanks between.

BRT_WATCH_FEEDS="onibus=sppo_zirix:https://example.org/gps brt_rt=gtfs_rt_kmh:https://example.org/vehicle-positions"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import HttpUrl, TypeAdapter, ValidationError

KINDS = ("brt", "gtfs_rt", "gtfs_rt_kmh", "sppo_conecta", "sppo_zirix")
"""The feeds that can be polled, by the names of their readers (brt_watch.feeds)."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
"""It becomes the name of a folder and of a schema in Postgres."""

_TAKEN = ("brt", "public", "information_schema")


@dataclass(frozen=True)
class ListedFeed:
    """A feed captured beside the first one: its name here, the kind of its answers, its address."""

    name: str
    kind: str
    url: str


def parse_feeds(text: str) -> tuple[ListedFeed, ...]:
    """Read a list of feeds; raises ValueError that says what is wrong with which entry."""
    found: dict[str, ListedFeed] = {}
    for entry in text.split():
        name, _, rest = entry.partition("=")
        kind, _, url = rest.partition(":")
        if not rest or not url:
            raise ValueError(f"{name!r} has no kind or address; an entry is name=kind:address")
        if not _NAME.fullmatch(name) or name in _TAKEN or name.startswith("pg_"):
            raise ValueError(f"{name!r} is no name of a feed: small letters, digits and _, and not {', '.join(_TAKEN)}")
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        try:
            TypeAdapter(HttpUrl).validate_python(url)
        except ValidationError:
            raise ValueError(f"the address of {name!r} is no http:// or https:// address") from None
        found[name] = ListedFeed(name, is_kind(kind), url)
    return tuple(found.values())


def is_kind(kind: str) -> str:
    """Return the kind of a feed; raises ValueError for one that is not known."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of feed; there are {', '.join(KINDS)}")
    return kind
