"""The vehicles and forecasts as GTFS-Realtime VehiclePositions and TripUpdates (gtfs.org/realtime/reference), 2.0.

It contains only vehicles whose position is fresh and credible. The route_id of a trip is that of the GTFS where the
reference files name it (`route_id` of linhas.csv), else the number of the line. Trips have no ids: the API does not say
which one a vehicle is on. The plan has headways only, so that a trip update is UNSCHEDULED, with the first departure as
`start_time` where it was seen, and with times instead of delays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from itertools import groupby

from google.transit import gtfs_realtime_pb2 as pb

from brt_watch.clock import gtfs_midnight, service_day
from brt_watch.web.forecasts import Forecast
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Vehicle
from brt_watch.web.snapshot import Snapshot
from brt_watch.web.thresholds import FASTEST_KMH

OLDEST_S = 90.0
"""Older positions are left out unless requested (GTFS Realtime best practices: 90 s)."""

DIRECTION_IDS = {"ida": 0, "volta": 1}


def feed(snapshot: Snapshot, reference: Reference, trips: bool = True, oldest_s: float = OLDEST_S) -> pb.FeedMessage:
    """Return the feed of a snapshot; without `trips` it omits the trip of each vehicle."""
    message = _message(snapshot)
    for vehicle in snapshot.vehicles.values():
        if _is_shown(vehicle, reference, oldest_s):
            _add(message, vehicle, reference, trips)
    return message


def _message(snapshot: Snapshot) -> pb.FeedMessage:
    message = pb.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = int(snapshot.captured_at.timestamp())
    return message


def _is_shown(vehicle: Vehicle, reference: Reference, oldest_s: float) -> bool:
    return (
        vehicle.flag_publicavel
        and vehicle.idade_segundos <= oldest_s
        and reference.covers(vehicle.latitude, vehicle.longitude)
    )


def _add(message: pb.FeedMessage, vehicle: Vehicle, reference: Reference, trips: bool) -> None:
    entity = message.entity.add()
    entity.id = vehicle.codigo
    vehicle_position = entity.vehicle
    vehicle_position.vehicle.id = vehicle.codigo
    vehicle_position.vehicle.label = vehicle.codigo
    if vehicle.placa:
        vehicle_position.vehicle.license_plate = vehicle.placa
    vehicle_position.timestamp = int(vehicle.datahora.timestamp())
    vehicle_position.position.latitude = vehicle.latitude
    vehicle_position.position.longitude = vehicle.longitude
    if vehicle.direcao is not None:
        vehicle_position.position.bearing = vehicle.direcao
    if vehicle.velocidade is not None and 0 <= vehicle.velocidade <= FASTEST_KMH:
        vehicle_position.position.speed = round(vehicle.velocidade / 3.6, 2)
    if trips and vehicle.linha and vehicle.comprimento_m is not None:
        vehicle_position.trip.route_id = reference.route_id(vehicle.linha)
        vehicle_position.trip.schedule_relationship = pb.TripDescriptor.SCHEDULED
        if vehicle.goes:
            vehicle_position.trip.direction_id = DIRECTION_IDS[vehicle.goes]


def trip_updates(
    snapshot: Snapshot, forecasts: Iterable[Forecast], reference: Reference, zone: tzinfo
) -> pb.FeedMessage:
    """Return the forecasts of a snapshot, one entity per vehicle on its way, none for those that wait.

    `zone` is that of the city's clocks.
    """
    message = _message(snapshot)
    underway = (each for each in forecasts if each.tipo == "a caminho" and each.idade_segundos <= OLDEST_S)
    for codigo, ahead in groupby(underway, key=lambda each: each.codigo):
        if codigo in snapshot.vehicles:
            _add_update(message, snapshot.vehicles[codigo], list(ahead), reference, zone)
    return message


def _add_update(
    message: pb.FeedMessage, vehicle: Vehicle, ahead: list[Forecast], reference: Reference, zone: tzinfo
) -> None:
    entity = message.entity.add()
    entity.id = f"{vehicle.codigo}-previsao"
    update = entity.trip_update
    update.vehicle.id = update.vehicle.label = vehicle.codigo
    update.timestamp = int(vehicle.datahora.timestamp())
    update.trip.route_id = reference.route_id(ahead[0].linha)
    update.trip.direction_id = DIRECTION_IDS[ahead[0].sentido]
    update.trip.schedule_relationship = pb.TripDescriptor.UNSCHEDULED
    if left := ahead[0].partida:
        # The service day begins at 03:00; until then hours continue past 24.
        day = service_day(left, zone)
        minutes, second = divmod(int((left - gtfs_midnight(day, zone)).total_seconds()), 60)
        update.trip.start_time = f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
        update.trip.start_date = f"{day:%Y%m%d}"
    before = 0
    for each in ahead:
        stop = update.stop_time_update.add()
        stop.stop_id = each.estacao_id
        stop.schedule_relationship = pb.TripUpdate.StopTimeUpdate.UNSCHEDULED
        # Two stations in the same second would be an error of the feed.
        before = max(before + 1, int(each.chegada_p50.timestamp()))
        stop.arrival.time = before
        stop.arrival.uncertainty = max(1, round((each.chegada_p80 - each.chegada_p20).total_seconds() / 2))
