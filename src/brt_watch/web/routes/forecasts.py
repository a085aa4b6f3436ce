"""Arrival forecasts, and how often they were right."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.forecasts import Forecasts, ForecastScore, score_of
from brt_watch.web.openapi import NOT_MODIFIED, PROBLEMS, schema
from brt_watch.web.responses import NO_NUL, as_json, refuse_unknown, send
from brt_watch.web.snapshot import Encoded

router = APIRouter(tags=["forecasts"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
Line = Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.", examples=["22"])]


@router.get("/forecasts", responses=schema(Forecasts) | NOT_MODIFIED | PROBLEMS)
def forecasts(
    request: Request,
    deps: Deps,
    estacao: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this station.")] = None,
    linha: Line = None,
    codigo: Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="Only this vehicle.")] = None,
) -> Response:
    """When buses reach the stations ahead of them within half an hour, as of the newest poll."""
    refuse_unknown("estacao", [estacao] if estacao else (), deps.reference.network.stations)
    refuse_unknown("linha", [linha] if linha else (), deps.known_lines())
    snapshot, warned = deps.newest(), deps.live.nothing_yet
    if snapshot is None:
        nothing = Forecasts(None, deps.live.simulated, warned.sentence, warned.code, [])
        return send(request, Encoded(msgspec.json.encode(nothing)))
    found = [
        each
        for each in deps.live.forecasts()
        if (estacao is None or each.estacao_id == estacao)
        and (linha is None or each.linha == linha)
        and (codigo is None or each.codigo == codigo)
    ]
    of_now = snapshot.warned
    answer = Forecasts(
        snapshot.captured_at,
        snapshot.simulated,
        of_now.sentence if of_now else None,
        of_now.code if of_now else None,
        found,
    )
    return send(request, Encoded(msgspec.json.encode(answer)))


@router.get("/forecasts/score", responses=schema(ForecastScore))
def forecast_score(
    request: Request,
    deps: Deps,
    linha: Line = None,
    estacao: Annotated[
        str | None, Query(max_length=50, pattern=NO_NUL, description="Only the lines that stop at this station.")
    ] = None,
) -> Response:
    """How often the forecasts of four weeks were right, by three public yardsticks, beside the city's own rule."""
    refuse_unknown("linha", [linha] if linha else (), deps.known_lines())
    refuse_unknown("estacao", [estacao] if estacao else (), deps.reference.network.stations)
    lines = [linha] if linha else None
    if estacao:
        stopping = {each.linha for each in deps.reference.lines_at(estacao)}
        lines = sorted(stopping if linha is None else stopping & {linha})
    return as_json(request, score_of(deps.history.reader, deps.today, lines))
