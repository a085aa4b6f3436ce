"""Feeds: how to read the answers of each source of vehicle positions."""

from __future__ import annotations

from importlib import import_module

from brt_watch.feeds.feed import Feed

NAMES = ("brt", "its_minutes", "gtfs_rt")
"""The feeds, each a module of this name; manifests have the name."""


def feed_named(name: str) -> Feed:
    """Return a feed; raises KeyError. Its module, and what that needs, is loaded now and not before."""
    if name not in NAMES:
        raise KeyError(name)
    feed: Feed = import_module(f"brt_watch.feeds.{name}").FEED
    return feed
