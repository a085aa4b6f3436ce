"""Arrival forecasts from the live models, and how often such forecasts were right."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

import msgspec
from msgspec import Struct

from brt_watch.clock import RIO
from brt_watch.errors import DatabaseUnreachable
from brt_watch.web.lake_reader import LakeReader
from brt_watch.web.live_models import LiveModels
from brt_watch.web.reader import Reader
from brt_watch.web.schemas import Direction, Moment, WarningCode

SCORED = timedelta(days=28)
"""Days covered by a score."""

_QUERY = (files("brt_watch.transform") / "sql" / "live_forecasts.sql").read_text(encoding="utf-8")


class Forecast(Struct, frozen=True):
    """When a vehicle reaches a station: a fifth arrive before `chegada_p20`, four fifths before `chegada_p80`."""

    codigo: str
    linha: str
    sentido: Direction
    ordem: int
    estacao_id: str
    falta_m: float
    idade_segundos: int
    tipo: Literal["a caminho", "no terminal"]
    base: Literal["histórico", "plano e hoje", "plano"]
    chegada_p20: Moment
    chegada_p50: Moment
    chegada_p80: Moment
    partida: Moment | None
    """When it left its first station, if observed."""


class Forecasts(Struct, frozen=True):
    """The forecasts of the newest poll."""

    gerado_em: Moment | None
    simulado: bool
    aviso: str | None
    aviso_codigo: WarningCode | None
    previsoes: list[Forecast]


class Shares(Struct, frozen=True):
    """How often a method was right, as shares of its forecasts; null where nothing was scored."""

    metodo: str
    previsoes: int
    transitapp: float | None
    mbta: float | None
    calitp: float | None
    na_faixa: float | None
    erro_mediano_s: float | None
    erro_absoluto_s: float | None


class ForecastScore(Struct, frozen=True):
    """How often forecasts of buses on their way were right; a bus that never came was wrong."""

    de: date | None
    ate: date | None
    dias: int
    metodos: list[Shares]
    aviso: str | None = None
    """What is missing: the database does not answer."""


def forecasts_of(models: LiveModels) -> list[Forecast]:
    """Return the forecasts of the newest poll, by vehicle and station."""
    return [Forecast(**row) for row in models.dicts(_QUERY)] if models.has("previsoes") else []


def score_of(reader: Reader | LakeReader, now: datetime, linha: str | None = None) -> ForecastScore:
    """Return the score of the last weeks; without a database, that it is missing."""
    since = (now.astimezone(RIO) - SCORED).date()
    try:
        rows = reader.rows("web_forecast_score", desde=since, linha=linha)
    except DatabaseUnreachable:
        return ForecastScore(None, None, 0, [], "O banco de dados não responde: falta o acerto das previsões.")
    if not rows:
        return ForecastScore(None, None, 0, [])
    fields = Shares.__struct_fields__
    return ForecastScore(
        min(row["de"] for row in rows),
        max(row["ate"] for row in rows),
        max(row["dias"] for row in rows),
        [_shares({name: row[name] for name in fields}) for row in rows],
    )


def _shares(values: dict[str, Any]) -> Shares:
    return msgspec.convert(values, Shares, strict=False)
