"""What boards and reports are made of: trips and passages of the models, and the planned headways."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from brt_watch.clock import RIO
from brt_watch.network import SEEDS, read_seed
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.history_schemas import Passage, Passages, Trip, Trips
from brt_watch.web.openapi import NOT_MODIFIED, schema
from brt_watch.web.responses import NO_NUL, From, Until, as_json, refuse_unknown, send, span
from brt_watch.web.schemas import Plan, PlannedHeadway
from brt_watch.web.snapshot import Encoded

router = APIRouter(tags=["lines"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
Line = Annotated[str, Query(max_length=50, pattern=NO_NUL, description="The line.", examples=["22"])]
Either = Annotated[Literal["ida", "volta"] | None, Query(description="Only this direction.")]
LONGEST, USUAL = timedelta(hours=24), timedelta(hours=6)
MOST_ROWS = 50_000
SERVICE_DAY = timedelta(hours=3)
"""Service days turn at 03:00 in Rio."""


@router.get("/trips", responses=schema(Trips))
def trips(
    request: Request,
    deps: Deps,
    de: From = None,
    ate: Until = None,
    linha: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.")] = None,
    sentido: Either = None,
    codigo: Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="Only this vehicle.")] = None,
) -> Response:
    """Trips that departed in a period of at most 24 hours, as the model `viagens` finds them."""
    refuse_unknown("linha", [linha] if linha else (), deps.known_lines())
    begin, end = span(de, ate, deps.now, LONGEST, USUAL)
    rows = _rows(deps, "web_trips", begin, end, linha=linha, sentido=sentido, codigo=codigo)
    found = [msgspec.convert(row, Trip, strict=False) for row in rows]
    return as_json(request, Trips(begin, end, _derived_until(deps), found))


@router.get("/passages", responses=schema(Passages))
def passages(
    request: Request,
    deps: Deps,
    linha: Line,
    sentido: Annotated[Literal["ida", "volta"], Query(description="The direction.")] = "ida",
    de: From = None,
    ate: Until = None,
    estacao: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this station.")] = None,
) -> Response:
    """Passages of a line at its stations in a period of at most 24 hours, as the model `passagens` estimates them."""
    refuse_unknown("linha", [linha], deps.known_lines())
    refuse_unknown("estacao", [estacao] if estacao else (), deps.reference.network.stations)
    begin, end = span(de, ate, deps.now, LONGEST, USUAL)
    rows = _rows(deps, "web_passages", begin, end, linha=linha, sentido=sentido, estacao=estacao)
    found = [msgspec.convert(row, Passage, strict=False) for row in rows]
    return as_json(request, Passages(linha, sentido, begin, end, _derived_until(deps), found))


def _rows(deps: Dependencies, statement: str, begin: datetime, end: datetime, **values: object) -> list[dict[str, Any]]:
    days = {"primeiro_dia": _service_day(begin - LONGEST), "ultimo_dia": _service_day(end)}
    rows = deps.history.reader.rows(statement, de=begin, ate=end, limite=MOST_ROWS + 1, **days, **values)
    if len(rows) > MOST_ROWS:
        raise HTTPException(422, f"That is more than {MOST_ROWS:,} rows; ask for a shorter period, or for one line.")
    return rows


def _service_day(moment: datetime) -> str:
    return f"{moment.astimezone(RIO) - SERVICE_DAY:%Y-%m-%d}"


def _derived_until(deps: Dependencies) -> datetime | None:
    rows = deps.history.reader.rows("web_trips_until", primeiro_dia=_service_day(deps.now - 2 * LONGEST))
    return rows[0]["ate"] if rows else None


@router.get("/plan", responses=schema(Plan) | NOT_MODIFIED)
async def plan(
    request: Request,
    deps: Deps,
    linha: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.")] = None,
) -> Response:
    """The planned headways of a weekday, newest version of the plan."""
    refuse_unknown("linha", [linha] if linha else (), deps.known_lines())
    return send(request, _encoded(linha), "public, max-age=3600")


@lru_cache(maxsize=256)
def _encoded(linha: str | None) -> Encoded:
    planned = [each for each in _newest() if linha is None or each.linha == linha]
    return Encoded(msgspec.json.encode(Plan("dia útil", planned))).prepared()


@lru_cache(maxsize=1)
def _newest() -> list[PlannedHeadway]:
    rows = list(read_seed(SEEDS, "linha_intervalos"))
    newest: dict[str, str] = {}
    for row in rows:
        newest[row.text("linha")] = max(newest.get(row.text("linha"), ""), row.text("valido_desde"))
    return [
        PlannedHeadway(
            row.text("linha"),
            row.text("valido_desde"),
            row.text("hora_inicio"),
            row.text("hora_fim"),
            int(row.text("intervalo_s")),
        )
        for row in rows
        if row.text("valido_desde") == newest[row.text("linha")]
    ]
