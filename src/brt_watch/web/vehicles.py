"""The vehicles and lines of the page, from the live models."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any

from brt_watch.clock import UTC
from brt_watch.web.live_models import LiveModels
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import NearStation, Vehicle

_SQL = files("brt_watch.transform") / "sql"
_VEHICLES = (_SQL / "live_vehicles.sql").read_text(encoding="utf-8")
_LINES = (_SQL / "live_lines.sql").read_text(encoding="utf-8")
_OTHERS = ("estacao_id", "estacao_nome", "distancia_estacao_m", "tick")
"""Columns that are no fields of a vehicle, or not as they are."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def vehicles_of(models: LiveModels, reference: Reference) -> dict[str, tuple[Vehicle, datetime]]:
    """Return all vehicles by code, each with the tick that brought its newest signal."""
    return {row["codigo"]: (_vehicle(row, reference), row["tick"] or LONG_AGO) for row in models.dicts(_VEHICLES)}


def lines_of(models: LiveModels) -> dict[str, dict[str, Any]]:
    """Return the state of the lines with vehicles in service, by line."""
    return {row["linha"]: row for row in models.dicts(_LINES)}


def _vehicle(row: dict[str, Any], reference: Reference) -> Vehicle:
    values = {name: value for name, value in row.items() if name not in _OTHERS}
    line = reference.lines.get(row["linha"] or "")
    near = row["estacao_id"] and NearStation(row["estacao_id"], row["estacao_nome"], row["distancia_estacao_m"])
    return Vehicle(
        **values,
        estacao_proxima=near or None,
        comprimento_m=reference.length(row["linha"], row["sentido_estimado"]),
        corredores=line.corredores if line else [],
    )
