"""The vehicles of the page, from the live models."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any

from brt_watch.clock import UTC
from brt_watch.web.live_models import LiveModels
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import AgeClass, NearStation, Vehicle
from brt_watch.web.thresholds import LATE_S, LIVE_S, SILENT_S

_QUERY = (files("brt_watch.transform") / "sql" / "live_vehicles.sql").read_text(encoding="utf-8")
_OTHERS = ("status", "estacao_id", "estacao_nome", "distancia_estacao_m", "tick")
"""Columns that are no fields of a vehicle, or not as they are."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def vehicles_of(models: LiveModels, reference: Reference, now: datetime) -> dict[str, tuple[Vehicle, datetime]]:
    """Return all vehicles by code, their ages as of `now`, each with the tick that brought its newest signal."""
    found = models.dicts(_QUERY)
    return {row["codigo"]: (_vehicle(row, reference, now), row["tick"] or LONG_AGO) for row in found}


def _vehicle(row: dict[str, Any], reference: Reference, now: datetime) -> Vehicle:
    values = {name: value for name, value in row.items() if name not in _OTHERS}
    linha, age = row["linha"], max(0.0, round((now - row["datahora"]).total_seconds(), 1))
    line = reference.lines.get(linha or "")
    near = row["estacao_id"] and NearStation(row["estacao_id"], row["estacao_nome"], row["distancia_estacao_m"])
    status = values["status"] = row["status"] if age <= SILENT_S else None
    return Vehicle(
        **values,
        idade_segundos=age,
        classe_idade=age_class(age),
        em_servico=bool(linha) and age <= LATE_S and status not in (None, "Parado garagem"),
        estacao_proxima=near or None,
        comprimento_m=reference.length(linha, row["sentido_estimado"]),
        corredores=line.corredores if line else [],
    )


def age_class(age_seconds: float) -> AgeClass:
    """Return the class of an age, by the thresholds of posicao_atual."""
    if age_seconds <= LIVE_S:
        return "ao vivo"
    if age_seconds <= LATE_S:
        return "atrasado"
    return "em silêncio" if age_seconds <= SILENT_S else "fora de operação"
