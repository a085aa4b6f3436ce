"""Signals as `vehicle_locations` of TIDES 1.0 (tides-transit.org): all its columns, in their order."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from brt_watch.clock import RIO
from brt_watch.web.formats import iso, safe_cell
from brt_watch.web.signals import Signal
from brt_watch.web.snapshot import Encoded

HOUR = timedelta(hours=1)

COLUMNS = (
    *("location_ping_id", "service_date", "event_timestamp", "trip_id_performed", "trip_id_scheduled"),
    *("trip_stop_sequence", "scheduled_stop_sequence", "vehicle_id", "device_id", "pattern_id", "stop_id"),
    *("current_status", "latitude", "longitude", "gps_quality", "heading", "speed", "odometer"),
    *("schedule_deviation", "headway_deviation", "trip_type", "schedule_relationship"),
)


def vehicle_locations(signals: list[Signal]) -> Encoded:
    """Return signals as CSV. The pattern is line and direction; what the API does not tell is empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in _row(signal).items()} for signal in signals)
    return Encoded(text.getvalue().encode(), "text/csv; charset=utf-8")


def _row(signal: Signal) -> dict[str, object]:
    moment = iso(signal)
    pattern = "-".join(filter(None, (signal.linha, signal.sentido_estimado)))
    return {
        "location_ping_id": f"{signal.codigo}@{moment}",
        # The service day of Rio begins at three, when the last buses of the day before are in.
        "service_date": _service_date(signal),
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


def _service_date(signal: Signal) -> str:
    local = signal.datahora.astimezone(RIO)
    return f"{local - 3 * HOUR:%Y-%m-%d}"
