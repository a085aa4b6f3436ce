"""Arrival forecasts from the live models, and how often such forecasts were right."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from importlib.resources import files
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

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


class Shares(Struct, frozen=True, kw_only=True):
    """How often a method was right, as shares of its forecasts; null where nothing was scored."""

    metodo: str
    previsoes: int
    nunca_chegaram: int
    sem_desfecho: int
    """Forecasts that are not scored: the capture could not show whether the bus came."""
    transitapp: float | None
    mbta: float | None
    calitp: float | None
    na_faixa: float | None
    erro_mediano_s: float | None
    erro_absoluto_s: float | None
    oscilacao_min: float | None
    """How much the forecast arrival moved from one minute to the next, minutes."""


class DayShares(Shares, frozen=True, kw_only=True):
    """The same of the forecasts of one service day."""

    dia: date


class BandShares(Shares, frozen=True, kw_only=True):
    """The same of the forecasts in a band of time to the arrival, from `horizonte_min` minutes on."""

    horizonte_min: int
    cedo_s: int | None
    """TransitApp's yardstick allows the bus to come this much earlier (negative); null from 15 minutes on."""
    tarde_s: int | None
    """The same, later."""


class ForecastScore(Struct, frozen=True):
    """How often forecasts of buses on their way were right; a bus that never came was wrong."""

    de: date | None
    ate: date | None
    dias: int
    metodos: list[Shares]
    por_dia: list[DayShares]
    """Our forecasts on each day, the oldest first."""
    por_faixa: list[BandShares]
    """Our forecasts by the time to the arrival."""
    no_terminal: Shares | None
    """Our forecasts of buses that waited at their first terminal."""
    aviso: str | None = None
    """What is missing: the database does not answer."""


SharesT = TypeVar("SharesT", bound=Shares)


def forecasts_of(models: LiveModels) -> list[Forecast]:
    """Return the forecasts of the newest poll, by vehicle and station."""
    return [Forecast(**row) for row in models.dicts(_QUERY)] if models.has("previsoes") else []


def score_of(reader: Reader | LakeReader, today: date, lines: Collection[str] | None = None) -> ForecastScore:
    """Return the score of the last weeks, of these lines or of all; without a database, that it is missing."""
    since = today - SCORED
    try:
        rows = reader.rows("web_forecast_score", desde=since, linhas=lines if lines is None else f",{','.join(lines)},")
    except DatabaseUnreachable:
        return _nothing("O banco de dados não responde: falta o acerto das previsões.")
    coming = [row for row in rows if row["tipo"] == "a caminho"]
    if not coming:
        return _nothing(None)
    ours = [row for row in coming if row["metodo"] == "previsão"]
    return ForecastScore(
        min(row["de"] for row in coming),
        max(row["ate"] for row in coming),
        max(row["dias"] for row in coming),
        _as(Shares, [row for row in coming if _is_whole(row)]),
        _as(DayShares, [row for row in ours if row["dia"] is not None]),
        _as(BandShares, [row for row in ours if row["horizonte_min"] is not None]),
        next(iter(_as(Shares, [row for row in rows if _is_ours_at_a_terminal(row)])), None),
    )


def _nothing(warning: str | None) -> ForecastScore:
    return ForecastScore(None, None, 0, [], [], [], None, warning)


def _is_whole(row: dict[str, Any]) -> bool:
    return row["dia"] is None and row["horizonte_min"] is None


def _is_ours_at_a_terminal(row: dict[str, Any]) -> bool:
    return _is_whole(row) and row["tipo"] == "no terminal" and row["metodo"] == "previsão"


def _as(kind: type[SharesT], rows: list[dict[str, Any]]) -> list[SharesT]:
    return [msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind, strict=False) for row in rows]
