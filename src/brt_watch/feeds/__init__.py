"""Feeds: how to read the answers of each source of vehicle positions."""

from __future__ import annotations

from importlib import import_module

from brt_watch.feeds.feed import Feed

MODULES = {
    "brt": "brt",
    "its_minutes": "its_minutes",
    "gtfs_rt": "gtfs_rt",
    "gtfs_rt_kmh": "gtfs_rt",
    "sppo_conecta": "sppo",
    "sppo_zirix": "sppo",
}
"""The kinds of feeds, with their modules. Manifests contain the names, so none may ever be removed.

Named here too, because the settings know them by name, and importing protobuf for all of them takes 0.1 s.
"""

NAMES = tuple(MODULES)

POLLED = tuple(name for name in NAMES if name != "its_minutes")
"""Those that can be polled; past minutes are only recovered."""


def feed_named(name: str) -> Feed:
    """Return a feed; raises KeyError. Imports its module and dependencies only now."""
    found: dict[str, Feed] = {each.name: each for each in import_module(f"brt_watch.feeds.{MODULES[name]}").FEEDS}
    return found[name]
