"""Vehicle positions of any city that publishes GTFS-Realtime (gtfs.org/realtime/reference), by URL.

A message is complete (FULL_DATASET); a differential one is refused, because its omissions would be unknown. Entities of
other kinds (alerts, trip updates) are skipped and counted. Records have the columns of the BRT's API, so that they take
the same path: the line is the `route_id`, the direction is `ida` for 0 and `volta` for 1, the path number is the
`trip_id`. Other fields are in `extra`, under their GTFS-Realtime names.

Speed is metres per second by the specification (`gtfs_rt`); some feeds send km/h instead, such as the BRT's own
(`gtfs_rt_kmh`). Records have km/h.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import msgspec
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.errors import NotTheContract
from brt_watch.feeds.feed import Feed
from brt_watch.feeds.record import FEW, LAST_STAMP_MS, MAX_CODE_LENGTH, BrokenRule, Record
from brt_watch.model import Parsed, Reject

LAST_STAMP_S = LAST_STAMP_MS // 1000

KMH_OF = {"m/s": 3.6, "km/h": 1.0}

DIRECTIONS = {0: "ida", 1: "volta"}

_OTHERS = ("alert", "trip_update", "shape", "stop", "trip_modifications")
"""The possible content of an entity other than a vehicle."""


def read(body: bytes, speed_unit: str = "m/s") -> Parsed:
    """Parse a message, at night perhaps without vehicles; raises NotTheContract if it is invalid or differential."""
    message = pb.FeedMessage()
    try:
        message.ParseFromString(body)
    except (DecodeError, ValueError) as error:
        raise NotTheContract("not_protobuf", f"{error}; it starts with {body[:60]!r}") from None
    if not message.HasField("header"):
        # Nothing at all can be read as a message too.
        raise NotTheContract("not_protobuf", f"the message has no header; it starts with {body[:60]!r}")
    if message.header.incrementality != pb.FeedHeader.FULL_DATASET:
        raise NotTheContract("only_differences", "the message holds only what has changed")
    records: list[Record] = []
    rejects: list[Reject] = []
    kinds: dict[str, str] = {}
    present: Counter[str] = Counter()
    vehicles = [entity for entity in message.entity if entity.HasField("vehicle") and not entity.is_deleted]
    for position, entity in enumerate(vehicles):
        sent = _sent(entity)
        kinds.update((name, "text" if isinstance(value, str) else "number") for name, value in sent.items())
        present.update(sent.keys())
        try:
            records.append(_record(sent, entity.id, message.header.timestamp, KMH_OF[speed_unit]))
        except BrokenRule as rule:
            rejects.append(Reject(position, str(rule), str(entity).replace("\0", "\ufffd")))
    few = FEW * len(vehicles)
    fields = {name: [kinds[name]] for name, number in sorted(present.items()) if number > few}
    made_at = message.header.timestamp
    made_at_ms = made_at * 1000 if 0 < made_at <= LAST_STAMP_S else None
    return Parsed(records, rejects, fields, _passed_over(message), made_at_ms)


def _passed_over(message: pb.FeedMessage) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for entity in message.entity:
        if entity.is_deleted:
            kinds["deleted"] += 1
        elif not entity.HasField("vehicle"):
            there = entity.DESCRIPTOR.fields_by_name
            kinds[next((name for name in _OTHERS if name in there and entity.HasField(name)), "unknown")] += 1
    return dict(kinds)


def _sent(entity: pb.FeedEntity) -> dict[str, Any]:
    """Return the fields that a vehicle sends, by their GTFS-Realtime names; others are absent."""
    vehicle = entity.vehicle
    sent: dict[str, Any] = {}
    for part, names in (
        (vehicle.vehicle, ("id", "label", "license_plate")),
        (vehicle.trip, ("trip_id", "route_id", "direction_id", "start_date", "start_time", "schedule_relationship")),
        (vehicle.position, ("latitude", "longitude", "bearing", "odometer", "speed")),
        (vehicle, ("timestamp", "stop_id", "current_stop_sequence", "current_status", "occupancy_status")),
    ):
        there = part.DESCRIPTOR.fields_by_name
        for name in names:
            if name not in there or not part.HasField(name):
                continue
            value = getattr(part, name)
            if enum := there[name].enum_type:
                found = enum.values_by_number.get(value)
                value = found.name if found else value
            if value != "":
                sent["vehicle_id" if name == "id" else name] = value
    return sent


def _record(sent: dict[str, Any], entity_id: str, message_at: int, kmh: float) -> Record:
    stamp = sent.get("timestamp") or message_at
    if not stamp:
        raise BrokenRule("datahora_missing")
    if stamp > LAST_STAMP_S:
        raise BrokenRule("datahora_out_of_range")
    if "latitude" not in sent or "longitude" not in sent:
        raise BrokenRule("position_missing")
    latitude, longitude = _degrees(sent["latitude"], 90), _degrees(sent["longitude"], 180)
    code = sent.get("vehicle_id") or sent.get("label") or entity_id
    if not code.strip() or len(code) > MAX_CODE_LENGTH:
        raise BrokenRule("codigo_missing")
    metres, bearing = _measure(sent, "odometer"), _measure(sent, "bearing")
    speed = _measure(sent, "speed")
    others = {name: value for name, value in sent.items() if name not in _IN_COLUMNS}
    if any("\0" in value for value in (code, *sent.values()) if isinstance(value, str)):
        raise BrokenRule("nul_character")
    return Record(
        codigo=code,
        placa=sent.get("license_plate"),
        linha=sent.get("route_id"),
        latitude=latitude,
        longitude=longitude,
        dataHora=stamp * 1000,
        velocidade=None if speed is None else _decimal(speed * kmh),
        id_migracao_trajeto=sent.get("trip_id"),
        sentido=DIRECTIONS.get(sent.get("direction_id", -1)),
        trajeto=None,
        hodometro=None if metres is None else _decimal(metres / 1000),
        direcao=round(bearing) if bearing is not None and abs(bearing) <= 32767 else None,
        ignicao=None,
        capacidadePeVeiculo=None,
        capacidadeSentadoVeiculo=None,
        extra=msgspec.json.encode(others).decode() if others else None,
    )


_IN_COLUMNS = ("vehicle_id", "license_plate", "latitude", "longitude", "bearing", "odometer", "speed", "timestamp")
"""Fields with their own column. The trip is stored twice: in columns in our terms, in `extra` in GTFS-Realtime's."""


def _degrees(value: float, limit: int) -> float:
    # NaN lies in no range.
    if not -limit <= value <= limit:
        raise BrokenRule("position_out_of_range")
    return _decimal(value)


def _measure(sent: dict[str, Any], name: str) -> float | None:
    value = sent.get(name)
    return _decimal(value) if value is not None and -1e15 < value < 1e15 else None


def _decimal(value: float) -> float:
    """Return the intended decimal: a 32-bit float has seven digits."""
    return float(f"{value:.7g}")


_ACCEPT = "application/x-protobuf, application/octet-stream, */*"

FEEDS = tuple(
    Feed(name, partial(read, speed_unit=unit), accept=_ACCEPT, conditional=True, speed_unit=unit)
    for name, unit in (("gtfs_rt", "m/s"), ("gtfs_rt_kmh", "km/h"))
)
