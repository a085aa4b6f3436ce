"""Signals as `vehicle_locations` of TIDES 1.0 (tides-transit.org): all its columns, in their order."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from brt_watch.clock import UTC
from brt_watch.web.formats import safe_cell
from brt_watch.web.schemas import Moment
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
    stop_id: Annotated[str, Meta(description="The station that the vehicle is at; else empty.")]
    current_status: Annotated[str, Meta(description="In transit to, Incoming at or Stopped at.")]
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


def vehicle_locations(rows: list[dict[str, Any]]) -> Encoded:
    """Return rows of the model `tides_vehicle_locations` as CSV; fields that it does not have are empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({name: safe_cell(_plain(value)) for name, value in row.items()} for row in rows)
    return Encoded(text.getvalue().encode(), "text/csv; charset=utf-8")


def _plain(value: Any) -> Any:
    """Return a value as CSV has it: moments in UTC, whole numbers without a fraction."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
