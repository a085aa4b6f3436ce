"""Vehicle positions of any city that publishes GTFS-Realtime (gtfs.org/realtime/reference), by URL.

A message holds everything (FULL_DATASET); one that holds only differences is refused, for what it leaves out would be
unknown. Entities of other kinds (alerts, trip updates) are passed over. Speed is kept as it comes: metres a second by
the specification; the BRT's own GTFS-Realtime has km/h instead.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, NamedTuple

from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.errors import NotTheContract
from brt_watch.feeds.feed import Feed
from brt_watch.model import Column, Kind, Parsed, Reject, columns_of

LAST_STAMP_S = 253_402_300_799
FEW = 0.05
"""A field that a smaller share of the vehicles has is an oddity, not a change of the feed."""


class Record(NamedTuple):
    """One vehicle in a message, its fields by their names in GTFS-Realtime; null where the message has none."""

    vehicle_id: Annotated[str, Column(Kind.TEXT, "Identifier of the vehicle; that of the entity where it has none.")]
    label: Annotated[str | None, Column(Kind.TEXT, "What passengers see on the vehicle.")]
    license_plate: Annotated[str | None, Column(Kind.TEXT, "Number plate.")]
    trip_id: Annotated[str | None, Column(Kind.TEXT, "Trip of the GTFS that the vehicle serves.")]
    route_id: Annotated[str | None, Column(Kind.TEXT, "Route of the GTFS.")]
    direction_id: Annotated[int | None, Column(Kind.SMALL, "Direction of the trip: 0 or 1.")]
    start_date: Annotated[str | None, Column(Kind.TEXT, "Service day of the trip, YYYYMMDD.")]
    start_time: Annotated[str | None, Column(Kind.TEXT, "Planned start of the trip, HH:MM:SS of the service day.")]
    schedule_relationship: Annotated[str | None, Column(Kind.TEXT, "How the trip relates to the schedule.")]
    latitude: Annotated[float, Column(Kind.NUMBER, "Degrees (WGS 84).")]
    longitude: Annotated[float, Column(Kind.NUMBER, "Degrees (WGS 84).")]
    bearing: Annotated[float | None, Column(Kind.NUMBER, "Heading in degrees.")]
    odometer: Annotated[float | None, Column(Kind.NUMBER, "Odometer in metres.")]
    speed: Annotated[float | None, Column(Kind.NUMBER, "Speed as it comes: m/s by the specification.")]
    stop_id: Annotated[str | None, Column(Kind.TEXT, "Stop that current_status refers to.")]
    current_status: Annotated[str | None, Column(Kind.TEXT, "INCOMING_AT, STOPPED_AT or IN_TRANSIT_TO.")]
    occupancy_status: Annotated[str | None, Column(Kind.TEXT, "How full the vehicle is.")]
    timestamp: Annotated[int, Column(Kind.STAMP, "When the position was measured; that of the message if it has none.")]

    @property
    def vehicle(self) -> str:
        """The identifier of the vehicle."""
        return self.vehicle_id

    @property
    def stamp_ms(self) -> int:
        """When the position was measured, in milliseconds since 1970 (UTC)."""
        return self.timestamp


COLUMNS = columns_of(Record)


class BrokenRule(Exception):
    """An entity cannot be a signal; the text is the reason code."""


def read(body: bytes) -> Parsed:
    """Read a message; raises NotTheContract when it is none, or holds only differences, or no vehicle."""
    message = pb.FeedMessage()
    try:
        message.ParseFromString(body)
    except (DecodeError, ValueError) as error:
        raise NotTheContract("not_protobuf", f"{error}; it starts with {body[:60]!r}") from None
    if message.header.incrementality != pb.FeedHeader.FULL_DATASET:
        raise NotTheContract("only_differences", "the message holds only what has changed")
    records: list[Record] = []
    rejects: list[Reject] = []
    present: Counter[str] = Counter()
    vehicles = [entity for entity in message.entity if entity.HasField("vehicle") and not entity.is_deleted]
    for position, entity in enumerate(vehicles):
        try:
            record = _record(entity, message.header.timestamp)
        except BrokenRule as rule:
            rejects.append(Reject(position, str(rule), str(entity).replace("\0", "\ufffd")))
            continue
        records.append(record)
        present.update(name for name, value in zip(record._fields, record, strict=True) if value is not None)
    if not vehicles:
        raise NotTheContract("empty_list", "the message has no vehicle")
    few = FEW * len(records)
    fields = {name: [_kind(name)] for name, number in sorted(present.items()) if number > few}
    return Parsed(records, rejects, fields)


def _kind(name: str) -> str:
    (kind,) = (column.kind for column in COLUMNS if column.name == name)
    return "text" if kind is Kind.TEXT else "number"


def _record(entity: pb.FeedEntity, message_at: int) -> Record:
    told = entity.vehicle
    stamp = told.timestamp or message_at
    if not stamp:
        raise BrokenRule("datahora_missing")
    if stamp > LAST_STAMP_S:
        raise BrokenRule("datahora_out_of_range")
    if not told.HasField("position"):
        raise BrokenRule("position_missing")
    latitude, longitude = _degrees(told.position.latitude, 90), _degrees(told.position.longitude, 180)
    vehicle_id = told.vehicle.id or told.vehicle.label or entity.id
    if not vehicle_id.strip() or len(vehicle_id) > 200:
        raise BrokenRule("codigo_missing")
    record = Record(
        vehicle_id=vehicle_id,
        label=told.vehicle.label or None,
        license_plate=told.vehicle.license_plate or None,
        trip_id=told.trip.trip_id or None,
        route_id=told.trip.route_id or None,
        direction_id=_small(told.trip, "direction_id"),
        start_date=told.trip.start_date or None,
        start_time=told.trip.start_time or None,
        schedule_relationship=_name(told.trip, "schedule_relationship"),
        latitude=latitude,
        longitude=longitude,
        bearing=_measure(told.position, "bearing"),
        odometer=_measure(told.position, "odometer"),
        speed=_measure(told.position, "speed"),
        stop_id=told.stop_id or None,
        current_status=_name(told, "current_status"),
        occupancy_status=_name(told, "occupancy_status"),
        timestamp=stamp * 1000,
    )
    if any("\0" in value for value in record if isinstance(value, str)):
        raise BrokenRule("nul_character")
    return record


def _degrees(value: float, limit: int) -> float:
    # NaN is in no range.
    if not -limit <= value <= limit:
        raise BrokenRule("position_out_of_range")
    return _decimal(value)


def _measure(message: Any, name: str) -> float | None:
    value = getattr(message, name) if message.HasField(name) else None
    return _decimal(value) if value is not None and -1e15 < value < 1e15 else None


def _decimal(value: float) -> float:
    """Return the decimal that was meant: a float of 32 bits has seven digits."""
    return float(f"{value:.7g}")


def _small(message: Any, name: str) -> int | None:
    value = getattr(message, name) if message.HasField(name) else None
    return value if value is not None and 0 <= value <= 32767 else None


def _name(message: Any, name: str) -> str | None:
    if not message.HasField(name):
        return None
    kind = message.DESCRIPTOR.fields_by_name[name].enum_type
    found = kind.values_by_number.get(getattr(message, name))
    return found.name if found else None


FEED = Feed("gtfs_rt", COLUMNS, read, accept="application/x-protobuf, application/octet-stream, */*")
