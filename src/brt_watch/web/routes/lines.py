"""Lines, the network and stations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from brt_watch.web.board import board
from brt_watch.web.control import with_now
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.history import MISSING_CODES
from brt_watch.web.history_schemas import Stringline
from brt_watch.web.openapi import NOT_FOUND, NOT_MODIFIED, schema
from brt_watch.web.responses import NO_NUL, From, Until, as_json, send, span
from brt_watch.web.schemas import Lines, Network, StationBoard, StationNow, Stations
from brt_watch.web.snapshot import Encoded
from brt_watch.web.stringline import bunched_share, median_headway, shown
from brt_watch.web.vehicles import lines_of

router = APIRouter(tags=["lines"])
LONGEST, USUAL = timedelta(hours=6), timedelta(hours=2)
Deps = Annotated[Dependencies, Depends(get_dependencies)]


@router.get("/lines", responses=schema(Lines) | NOT_MODIFIED)
def lines(request: Request, deps: Deps) -> Response:
    """The service of every line now and over the last six hours; before the first poll, all lines without a bus."""
    snapshot = deps.newest()
    hours = deps.history.hours(deps.now)

    def make() -> Encoded:
        warned = snapshot.warned if snapshot else deps.live.nothing_yet
        found = board(deps.reference, lines_of(deps.live.models), hours)
        answer = Lines(snapshot.captured_at if snapshot else None, warned.sentence if warned else None, found)
        return Encoded(msgspec.json.encode(answer))

    return send(request, snapshot.answer(("lines", id(hours)), make) if snapshot else make())


@router.get("/lines/{linha}/stringline", responses=schema(Stringline) | NOT_FOUND)
def stringline(
    request: Request,
    linha: Annotated[str, Path(max_length=50, pattern=NO_NUL, examples=["22"])],
    deps: Deps,
    sentido: Annotated[Literal["ida", "volta"], Query(description="The direction.")] = "ida",
    de: From = None,
    ate: Until = None,
) -> Response:
    """Distance along the path of a line against time, two hours or at most six: one polyline per trip."""
    length = deps.reference.length(linha, sentido)
    if length is None:
        raise HTTPException(404, f"No path of the line {linha!r} in the direction {sentido} is known.")
    begin, end = span(de, ate, deps.now, LONGEST, USUAL)
    found, missing = deps.history.trips(begin, end, linha, sentido)
    gaps = deps.history.gaps(begin, min(end, deps.now)) if begin < deps.now else []
    stops = deps.reference.stops(linha, sentido)
    code = MISSING_CODES.get(missing)
    figures = median_headway(found), bunched_share(found)
    trips = shown(found)
    return as_json(request, Stringline(linha, sentido, begin, end, missing, length, stops, trips, gaps, code, *figures))


@router.get("/network", responses=schema(Network) | NOT_MODIFIED)
async def network(request: Request, deps: Deps) -> Response:
    """Paths, stations and garages for a map."""
    return send(request, deps.network, "public, max-age=3600")


@router.get("/stations", responses=schema(Stations) | NOT_MODIFIED)
def stations(request: Request, deps: Deps) -> Response:
    """All stations, and the latest passes of each."""
    snapshot = deps.newest()

    def make() -> Encoded:
        with deps.live.models.whole():
            found = [_station(deps, estacao_id) for estacao_id in deps.reference.network.stations]
        return Encoded(msgspec.json.encode(Stations(snapshot.captured_at if snapshot else None, found)))

    return send(request, snapshot.answer("stations", make) if snapshot else make())


@router.get("/stations/{estacao_id}", responses=schema(StationBoard) | NOT_FOUND)
def station(
    request: Request,
    estacao_id: Annotated[str, Path(max_length=50, pattern=NO_NUL, examples=["TOSTC"])],
    deps: Deps,
) -> Response:
    """A station, what passed it last by line and direction, and the vehicles on their way to it, the nearest first."""
    if estacao_id not in deps.reference.network.stations:
        raise HTTPException(404, f"There is no station {estacao_id!r}.")
    now = _station(deps, estacao_id)
    return as_json(request, StationBoard(**msgspec.structs.asdict(now), a_caminho=deps.live.coming(estacao_id)))


def _station(deps: Dependencies, estacao_id: str) -> StationNow:
    known = deps.reference.network.stations[estacao_id]
    return StationNow(
        estacao_id,
        known.nome,
        "terminal" if known.tipo == "terminal" else "estacao",
        deps.reference.station_corridors[estacao_id],
        known.latitude,
        known.longitude,
        [with_now(each, deps.live.stations.get(estacao_id, {})) for each in deps.reference.lines_at(estacao_id)],
        deps.live.passes(estacao_id),
    )
