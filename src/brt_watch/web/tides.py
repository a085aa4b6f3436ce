"""Signals as `vehicle_locations` of TIDES 1.0 (tides-transit.org): all its columns, in their order."""

from __future__ import annotations

import csv
import io
from datetime import tzinfo
from typing import Annotated

from msgspec import Meta, Struct

from brt_watch.clock import service_day
from brt_watch.web.formats import iso, safe_cell
from brt_watch.web.schemas import Moment
from brt_watch.web.signals import Signal
from brt_watch.web.snapshot import Encoded


class VehicleLocation(Struct, frozen=True):
    """A signal as a row of vehicle_locations of TIDES 1.0; fields that the API does not have are empty."""

    location_ping_id: Annotated[str, Meta(description="Vehicle and second, as in a published day.")]
    service_date: Annotated[str, Meta(description="The service day, which begins at 03:00 by the city's clocks.")]
    event_timestamp: Moment
    trip_id_performed: Annotated[str, Meta(description="Empty: the API has no trips.")]
    trip_id_scheduled: Annotated[str, Meta(description="Empty: the plan has headways, and no trips.")]
    trip_stop_sequence: Annotated[int | None, Meta(description="Empty.")]
    scheduled_stop_sequence: Annotated[int | None, Meta(description="Empty.")]
    vehicle_id: Annotated[str, Meta(description="The vehicle's code.")]
    device_id: Annotated[str, Meta(description="Empty.")]
    pattern_id: Annotated[str, Meta(description="Line and direction, such as 22 ida, as in a published day.")]
    stop_id: Annotated[str, Meta(description="Empty.")]
    current_status: Annotated[str, Meta(description="Empty.")]
    latitude: Annotated[float, Meta(description="Degrees (WGS 84).")]
    longitude: Annotated[float, Meta(description="Degrees (WGS 84).")]
    gps_quality: Annotated[str, Meta(description="Excellent, Good or Poor.")]
    heading: Annotated[int | None, Meta(description="Degrees clockwise from north.")]
    speed: Annotated[float | None, Meta(description="m/s.")]
    odometer: Annotated[int | None, Meta(description="Metres.")]
    schedule_deviation: Annotated[int | None, Meta(description="Empty.")]
    headway_deviation: Annotated[int | None, Meta(description="Empty.")]
    trip_type: Annotated[str, Meta(description="Empty.")]
    schedule_relationship: Annotated[str, Meta(description="Empty.")]


COLUMNS = VehicleLocation.__struct_fields__


def vehicle_locations(signals: list[Signal], zone: tzinfo) -> Encoded:
    """Return signals as CSV, in a city whose clocks have this zone.

    The pattern is line and direction; fields that the API does not have are empty.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in _row(signal, zone).items()} for signal in signals)
    return Encoded(text.getvalue().encode(), "text/csv; charset=utf-8")


def _row(signal: Signal, zone: tzinfo) -> dict[str, object]:
    moment = iso(signal)
    pattern = f"{signal.linha} {signal.sentido_estimado}" if signal.linha and signal.sentido_estimado else ""
    return {
        "location_ping_id": f"{signal.codigo}-{int(signal.datahora.timestamp())}",
        "service_date": f"{service_day(signal.datahora, zone)}",
        "event_timestamp": moment,
        "vehicle_id": signal.codigo,
        "pattern_id": pattern,
        "latitude": signal.latitude,
        "longitude": signal.longitude,
        "gps_quality": signal.qualidade or "",
        "heading": "" if signal.heading is None else signal.heading,
        "speed": "" if signal.velocidade is None or signal.velocidade < 0 else round(signal.velocidade / 3.6, 2),
        "odometer": "" if signal.hodometro is None or signal.hodometro < 0 else round(signal.hodometro * 1000),
    }
