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
"""The feeds by name, and the module that has each. Manifests have the name, so none may ever go."""

NAMES = tuple(MODULES)


def feed_named(name: str) -> Feed:
    """Return a feed; raises KeyError. Its module, and what that needs, is loaded now and not before."""
    found: dict[str, Feed] = {each.name: each for each in import_module(f"brt_watch.feeds.{MODULES[name]}").FEEDS}
    return found[name]
