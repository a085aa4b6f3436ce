"""The published rules for VehiclePositions, by the names of the canonical GTFS-Realtime validator.

What needs trip ids (E003, E022, E029, E047 and others) is left out: the feed has none. E017, E018 and W007 look at the
feed before as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from google.transit import gtfs_realtime_pb2 as pb

EARLIEST_POSIX, LATEST_POSIX = 1_000_000_000, 9_999_999_999
UNREALISTIC_M_S = 26.8
OLD_SECONDS = 65
REFRESH_SECONDS = 35
FUTURE_SECONDS = 60


class Finding(NamedTuple):
    """A rule that is broken, and where."""

    rule: str
    where: str


def findings(
    feed: pb.FeedMessage,
    now: float,
    routes: Collection[str],
    is_covered: Callable[[float, float], bool],
    before: pb.FeedMessage | None = None,
) -> list[Finding]:
    """Return every rule that a feed breaks at a moment (E: errors, W: warnings)."""
    found = [*_header(feed, now, before)]
    codes = Counter(entity.vehicle.vehicle.id for entity in feed.entity)
    found += [
        Finding("E052", f"vehicle.id {code} of {number} vehicles") for code, number in codes.items() if number > 1
    ]
    for entity in feed.entity:
        found += [Finding(rule, entity.id) for rule in _vehicle(entity, feed, now, routes, is_covered)]
    return found


def _header(feed: pb.FeedMessage, now: float, before: pb.FeedMessage | None) -> Iterator[Finding]:
    header = feed.header
    if header.gtfs_realtime_version not in ("1.0", "2.0"):
        yield Finding("E038", f"invalid header.gtfs_realtime_version {header.gtfs_realtime_version!r}")
    if not header.HasField("timestamp"):
        yield Finding("E048", "header timestamp not populated")
    if not header.HasField("incrementality"):
        yield Finding("E049", "header incrementality not populated")
    yield from (Finding(rule, "header") for rule in _moment(header.timestamp, now))
    if now - header.timestamp > OLD_SECONDS:
        yield Finding("W008", f"header timestamp is {now - header.timestamp:.0f} s old")
    if before and header.timestamp - before.header.timestamp > REFRESH_SECONDS:
        yield Finding("W007", "refresh interval is more than 35 seconds")
    if before and before.header.timestamp > header.timestamp:
        yield Finding("E018", "header timestamp decreased between two sequential iterations")
    if before and before.header.timestamp == header.timestamp and list(before.entity) != list(feed.entity):
        yield Finding("E017", "content changed but has the same header timestamp")


def _moment(timestamp: int, now: float) -> Iterator[str]:
    if timestamp and not EARLIEST_POSIX <= timestamp <= LATEST_POSIX:
        yield "E001"
    if timestamp > now + FUTURE_SECONDS:
        yield "E050"


def _vehicle(
    entity: pb.FeedEntity,
    feed: pb.FeedMessage,
    now: float,
    routes: Collection[str],
    is_covered: Callable[[float, float], bool],
) -> Iterator[str]:
    told = entity.vehicle
    if entity.is_deleted and feed.header.incrementality == pb.FeedHeader.FULL_DATASET:
        yield "E039"
    if not told.HasField("timestamp"):
        yield "W001"
    if not told.vehicle.id:
        yield "W002"
    yield from _moment(told.timestamp, now)
    if told.timestamp > feed.header.timestamp:
        yield "E012"
    if told.HasField("position"):
        where = told.position
        if not (-90 <= where.latitude <= 90 and -180 <= where.longitude <= 180):
            yield "E026"
        elif not is_covered(where.latitude, where.longitude):
            yield "E028"
        if where.HasField("bearing") and not 0 <= where.bearing <= 360:
            yield "E027"
        if where.HasField("speed") and not 0 <= where.speed <= UNREALISTIC_M_S:
            yield "W004"
    if told.HasField("trip"):
        if told.trip.route_id and told.trip.route_id not in routes:
            yield "E004"
        if not told.trip.trip_id:
            yield "W006"
        if not told.trip.HasField("schedule_relationship"):
            yield "W009"
