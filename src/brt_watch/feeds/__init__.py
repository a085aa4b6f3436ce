"""Feeds: how to read the answers of each source of vehicle positions."""

from __future__ import annotations

from brt_watch.feeds import brt, its_minutes
from brt_watch.feeds.feed import Feed

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (brt.FEED, its_minutes.FEED)}
"""The feeds by name, as manifests have it."""
