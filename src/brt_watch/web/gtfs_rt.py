"""The vehicles as GTFS-Realtime VehiclePositions (gtfs.org/realtime/reference), version 2.0.

Only vehicles whose position is fresh and can be believed are in it. The route_id of a trip is the number of the line
(`route_short_name` of the city's GTFS, whose ids change); trips have no ids, for the API does not tell which one a
vehicle is on.
"""

from __future__ import annotations

from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.network.matching import Positions
from brt_watch.web.fleet import LATE
from brt_watch.web.schemas import Vehicle
from brt_watch.web.snapshot import Snapshot

FASTEST_KMH = 90.0
"""Faster a bus does not go: the speed is left out, and the rest believed."""

DIRECTION_IDS = {"ida": 0, "volta": 1}


def feed(snapshot: Snapshot, positions: Positions, trips: bool = True) -> pb.FeedMessage:
    """Return the feed of a snapshot; without `trips` what a vehicle is on is left out."""
    message = pb.FeedMessage()
    now = int(snapshot.captured_at.timestamp())
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = now
    for vehicle in snapshot.vehicles.values():
        if _is_believed(vehicle, now, positions):
            _add(message, vehicle, trips)
    return message


def _is_believed(vehicle: Vehicle, now: int, positions: Positions) -> bool:
    return (
        vehicle.idade_segundos <= LATE
        and vehicle.datahora.timestamp() <= now
        and vehicle.status not in (None, "Parado garagem")
        and positions.is_covered((vehicle.latitude, vehicle.longitude))
    )


def _add(message: pb.FeedMessage, vehicle: Vehicle, trips: bool) -> None:
    entity = message.entity.add()
    entity.id = vehicle.codigo
    told = entity.vehicle
    told.vehicle.id = vehicle.codigo
    told.vehicle.label = vehicle.codigo
    if vehicle.placa:
        told.vehicle.license_plate = vehicle.placa
    told.timestamp = int(vehicle.datahora.timestamp())
    told.position.latitude = vehicle.latitude
    told.position.longitude = vehicle.longitude
    if vehicle.direcao is not None:
        told.position.bearing = vehicle.direcao
    if vehicle.velocidade is not None and 0 <= vehicle.velocidade <= FASTEST_KMH:
        told.position.speed = round(vehicle.velocidade / 3.6, 2)
    if trips and vehicle.linha and vehicle.comprimento_m is not None:
        told.trip.route_id = vehicle.linha
        told.trip.schedule_relationship = pb.TripDescriptor.SCHEDULED
        if vehicle.goes:
            told.trip.direction_id = DIRECTION_IDS[vehicle.goes]
