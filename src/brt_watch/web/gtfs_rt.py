"""The vehicles as GTFS-Realtime VehiclePositions (gtfs.org/realtime/reference), version 2.0.

It contains only vehicles whose position is fresh and credible. The route_id of a trip is that of the GTFS where the
reference files name it (`route_id` of linhas.csv), else the number of the line. Trips have no ids: the API does not say
which one a vehicle is on.
"""

from __future__ import annotations

from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Vehicle
from brt_watch.web.snapshot import Snapshot
from brt_watch.web.thresholds import FASTEST_KMH

OLDEST_S = 90.0
"""A position that is older is left out unless it is asked for (GTFS Realtime best practices: 90 s)."""

DIRECTION_IDS = {"ida": 0, "volta": 1}


def feed(snapshot: Snapshot, reference: Reference, trips: bool = True, oldest_s: float = OLDEST_S) -> pb.FeedMessage:
    """Return the feed of a snapshot; without `trips` it leaves out what a vehicle is on."""
    message = pb.FeedMessage()
    now = int(snapshot.captured_at.timestamp())
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = now
    for vehicle in snapshot.vehicles.values():
        if _is_believed(vehicle, now, reference, oldest_s):
            _add(message, vehicle, reference, trips)
    return message


def _is_believed(vehicle: Vehicle, now: int, reference: Reference, oldest_s: float) -> bool:
    return (
        vehicle.idade_segundos <= oldest_s
        and vehicle.datahora.timestamp() <= now
        and vehicle.status not in (None, "Parado garagem")
        and reference.covers(vehicle.latitude, vehicle.longitude)
    )


def _add(message: pb.FeedMessage, vehicle: Vehicle, reference: Reference, trips: bool) -> None:
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
        told.trip.route_id = reference.route_id(vehicle.linha)
        told.trip.schedule_relationship = pb.TripDescriptor.SCHEDULED
        if vehicle.goes:
            told.trip.direction_id = DIRECTION_IDS[vehicle.goes]
