from __future__ import annotations

from collections.abc import Callable

import pytest
from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.web.gtfs_rt_rules import findings

NOW = 1_790_000_000


def feed() -> pb.FeedMessage:
    message = pb.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = NOW
    for code in ("1", "2"):
        entity = message.entity.add()
        entity.id = entity.vehicle.vehicle.id = code
        entity.vehicle.timestamp = NOW - 10
        entity.vehicle.position.latitude, entity.vehicle.position.longitude = -22.9, -43.3
        entity.vehicle.trip.trip_id, entity.vehicle.trip.route_id = "t", "22"
        entity.vehicle.trip.schedule_relationship = pb.TripDescriptor.SCHEDULED
    return message


def broken(message: pb.FeedMessage, before: pb.FeedMessage | None = None) -> set[str]:
    return {found.rule for found in findings(message, NOW + 5, {"22"}, lambda lat, lon: lat > -23, before)}


def test_a_good_feed_breaks_no_rule() -> None:
    assert broken(feed(), feed()) == set()


BREAK: dict[str, Callable[[pb.FeedMessage], object]] = {
    "E001": lambda feed: setattr(feed.entity[0].vehicle, "timestamp", 1_790_000),
    "E004": lambda feed: setattr(feed.entity[0].vehicle.trip, "route_id", "99"),
    "E012": lambda feed: setattr(feed.entity[0].vehicle, "timestamp", NOW + 3),
    "E017": lambda feed: feed.entity.pop(),
    "E018": lambda feed: setattr(feed.header, "timestamp", NOW - 20),
    "E026": lambda feed: setattr(feed.entity[0].vehicle.position, "latitude", 91),
    "E027": lambda feed: setattr(feed.entity[0].vehicle.position, "bearing", 361),
    "E028": lambda feed: setattr(feed.entity[0].vehicle.position, "latitude", -23.5),
    "E038": lambda feed: setattr(feed.header, "gtfs_realtime_version", "3"),
    "E039": lambda feed: setattr(feed.entity[0], "is_deleted", True),
    "E048": lambda feed: feed.header.ClearField("timestamp"),
    "E049": lambda feed: feed.header.ClearField("incrementality"),
    "E050": lambda feed: setattr(feed.entity[0].vehicle, "timestamp", NOW + 70),
    "E052": lambda feed: setattr(feed.entity[0].vehicle.vehicle, "id", "2"),
    "W001": lambda feed: feed.entity[0].vehicle.ClearField("timestamp"),
    "W002": lambda feed: feed.entity[0].vehicle.ClearField("vehicle"),
    "W004": lambda feed: setattr(feed.entity[0].vehicle.position, "speed", 27),
    "W006": lambda feed: feed.entity[0].vehicle.trip.ClearField("trip_id"),
    "W007": lambda feed: setattr(feed.header, "timestamp", NOW + 36),
    "W008": lambda feed: setattr(feed.header, "timestamp", NOW - 61),
    "W009": lambda feed: feed.entity[0].vehicle.trip.ClearField("schedule_relationship"),
}


@pytest.mark.parametrize("rule", BREAK)
def test_a_feed_that_breaks_a_rule_is_found_out(rule: str) -> None:
    message = feed()
    BREAK[rule](message)
    assert rule in broken(message, feed())
