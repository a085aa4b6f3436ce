"""Any GTFS-Realtime message is read as records and rejects, or refused with a reason."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.errors import NotTheContract
from brt_watch.feeds import NAMES, feed_named
from brt_watch.feeds.gtfs_rt import read
from tests.made_vehicles import NOON

AT = int(NOON.timestamp())


def message(vehicles: int = 2, **header: Any) -> pb.FeedMessage:
    found = pb.FeedMessage()
    found.header.gtfs_realtime_version = "2.0"
    found.header.timestamp = AT
    for name, value in header.items():
        setattr(found.header, name, value)
    for number in range(vehicles):
        entity = found.entity.add()
        entity.id = f"e{number}"
        told = entity.vehicle
        told.vehicle.id = f"bus {number}"
        told.timestamp = AT - 5
        told.position.latitude, told.position.longitude = 42.36, -71.06
    return found


def one(change: Any) -> Any:
    """Return the parsed message whose only vehicle was changed."""
    found = message(1)
    change(found.entity[0])
    return read(found.SerializeToString())


def test_a_vehicle_has_the_columns_of_a_signal() -> None:
    def change(entity: pb.FeedEntity) -> None:
        entity.vehicle.trip.trip_id, entity.vehicle.trip.route_id, entity.vehicle.trip.direction_id = "t", "1", 0
        entity.vehicle.position.speed, entity.vehicle.position.bearing = 8.3, 90
        entity.vehicle.current_status = pb.VehiclePosition.STOPPED_AT

    (record,) = one(change).records
    assert (record.vehicle, record.stamp_ms) == ("bus 0", (AT - 5) * 1000)
    assert (record.latitude, record.longitude, record.velocidade, record.direcao) == (42.36, -71.06, 29.88, 90)
    assert (record.linha, record.sentido, record.id_migracao_trajeto) == ("1", "ida", "t")
    assert json.loads(record.extra) == {
        "trip_id": "t", "route_id": "1", "direction_id": 0, "current_status": "STOPPED_AT"
    }  # fmt: skip
    assert (record.hodometro, record.placa, record.ignicao) == (None, None, None), "unknown is not zero"


def test_speeds_are_read_in_the_unit_of_the_feed() -> None:
    found = message(1)
    found.entity[0].vehicle.position.speed = 10
    metres, kmh = (feed_named(name).read(found.SerializeToString()).records for name in ("gtfs_rt", "gtfs_rt_kmh"))
    assert (metres[0].velocidade, kmh[0].velocidade) == (36, 10)  # type: ignore[attr-defined]


def test_a_vehicle_without_a_stamp_has_that_of_the_message() -> None:
    (record,) = one(lambda entity: entity.vehicle.ClearField("timestamp")).records
    assert record.stamp_ms == AT * 1000


def test_alerts_and_trip_updates_are_passed_over_and_counted() -> None:
    found = message(2)
    found.entity.add(id="a").alert.header_text.translation.add(text="x")
    found.entity.add(id="t").trip_update.trip.trip_id = "t"
    found.entity.add(id="gone", is_deleted=True)
    parsed = read(found.SerializeToString())
    assert len(parsed.records) == 2
    assert parsed.passed_over == {"alert": 1, "trip_update": 1, "deleted": 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entity: entity.vehicle.ClearField("position"), "position_missing"),
        (lambda entity: setattr(entity.vehicle.position, "latitude", float("nan")), "position_out_of_range"),
        (lambda entity: setattr(entity.vehicle.position, "longitude", 181), "position_out_of_range"),
        (lambda entity: setattr(entity.vehicle, "timestamp", 2**60), "datahora_out_of_range"),
        (lambda entity: setattr(entity.vehicle.vehicle, "id", " "), "codigo_missing"),
        (lambda entity: setattr(entity.vehicle.trip, "route_id", "a\0b"), "nul_character"),
    ],
)
def test_an_entity_that_breaks_a_rule_costs_only_itself(change: Any, reason: str) -> None:
    found = message(3)
    change(found.entity[1])
    parsed = read(found.SerializeToString())
    assert len(parsed.records) == 2
    assert [(reject.position, reject.reason) for reject in parsed.rejects] == [(1, reason)]
    assert "\0" not in parsed.rejects[0].record


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "not_protobuf"),
        (message(incrementality=pb.FeedHeader.DIFFERENTIAL).SerializeToString(), "only_differences"),
        (b"", "not_protobuf"),
        (message(2).SerializeToString()[:-3], "not_protobuf"),
    ],
)
def test_a_message_that_is_not_the_contract_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(NotTheContract) as failure:
        read(body)
    assert failure.value.reason == reason


def test_a_message_without_vehicles_is_none_at_night() -> None:
    found = message(0)
    found.entity.add(id="a").alert.SetInParent()
    parsed = read(found.SerializeToString())
    assert (parsed.records, parsed.rejects, parsed.passed_over) == ([], [], {"alert": 1})
    assert parsed.made_at_ms


@given(st.binary() | st.binary(max_size=20).map(lambda tail: message().SerializeToString() + tail))
def test_any_bytes_give_a_result_or_a_reason(body: bytes) -> None:
    with suppress(NotTheContract):
        read(body)


def test_every_feed_is_found_by_its_name() -> None:
    for name in NAMES:
        assert feed_named(name).name == name
    with pytest.raises(KeyError):
        feed_named("nobody")
