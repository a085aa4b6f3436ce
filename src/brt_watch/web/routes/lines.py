"""Lines, the network and stations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from brt_watch.web.board import board
from brt_watch.web.dependencies import Site, the_site
from brt_watch.web.history import MISSING_CODES
from brt_watch.web.history_schemas import Stringline
from brt_watch.web.openapi import NOT_FOUND, NOT_MODIFIED, shape
from brt_watch.web.responses import NO_NUL, From, Until, as_json, send, span
from brt_watch.web.schemas import Lines, Network, StationNow, Stations
from brt_watch.web.snapshot import Encoded
from brt_watch.web.stringline import trips

router = APIRouter(tags=["lines"])
LONGEST, USUAL = timedelta(hours=6), timedelta(hours=2)
TheSite = Annotated[Site, Depends(the_site)]


@router.get("/lines", responses=shape(Lines) | NOT_MODIFIED)
def lines(request: Request, site: TheSite) -> Response:
    """How every line runs now, and ran in the last six hours; before the first poll all lines without a bus."""
    snapshot = site.newest()
    hours = site.past.hours(site.now)

    def make() -> Encoded:
        warned = snapshot.warned if snapshot else site.live.nothing_yet
        found = board(site.reference, list(snapshot.vehicles.values()) if snapshot else [], hours)
        answer = Lines(snapshot.captured_at if snapshot else None, warned.sentence if warned else None, found)
        return Encoded(msgspec.json.encode(answer))

    return send(request, snapshot.answer(("lines", id(hours)), make) if snapshot else make())


@router.get("/lines/{linha}/stringline", responses=shape(Stringline) | NOT_FOUND)
def stringline(
    request: Request,
    linha: Annotated[str, Path(max_length=50, pattern=NO_NUL, examples=["22"])],
    site: TheSite,
    sentido: Annotated[Literal["ida", "volta"], Query(description="The direction.")] = "ida",
    de: From = None,
    ate: Until = None,
) -> Response:
    """Distance along the path of a line against time, two hours of it or at most six: a polyline a trip."""
    length = site.reference.length(linha, sentido)
    if length is None:
        raise HTTPException(404, f"No path of the line {linha!r} in the direction {sentido} is known.")
    begin, end = span(de, ate, site.now, LONGEST, USUAL)
    signals, missing = site.past.signals(begin, end, linha=linha)
    found = trips(signals, sentido, length)
    gaps = site.past.gaps(begin, min(end, site.now)) if begin < site.now else []
    stops = site.reference.stops(linha, sentido)
    code = MISSING_CODES.get(missing)
    return as_json(request, Stringline(linha, sentido, begin, end, missing, length, stops, found, gaps, code))


@router.get("/network", responses=shape(Network) | NOT_MODIFIED)
async def network(request: Request, site: TheSite) -> Response:
    """Paths, stations and garages for a map."""
    return send(request, site.network, "public, max-age=3600")


@router.get("/stations", responses=shape(Stations) | NOT_MODIFIED)
def stations(request: Request, site: TheSite) -> Response:
    """All stations, and what passed each last."""
    snapshot = site.newest()

    def make() -> Encoded:
        found = [_station(site, estacao_id) for estacao_id in site.reference.network.stations]
        return Encoded(msgspec.json.encode(Stations(snapshot.captured_at if snapshot else None, found)))

    return send(request, snapshot.answer("stations", make) if snapshot else make())


@router.get("/stations/{estacao_id}", responses=shape(StationNow) | NOT_FOUND)
def station(
    request: Request,
    estacao_id: Annotated[str, Path(max_length=50, pattern=NO_NUL, examples=["TOSTC"])],
    site: TheSite,
) -> Response:
    """A station, and what passed it last by line and direction."""
    if estacao_id not in site.reference.network.stations:
        raise HTTPException(404, f"There is no station {estacao_id!r}.")
    return as_json(request, _station(site, estacao_id))


def _station(site: Site, estacao_id: str) -> StationNow:
    known = site.reference.network.stations[estacao_id]
    return StationNow(
        estacao_id,
        known.nome,
        "terminal" if known.tipo == "terminal" else "estacao",
        site.reference.station_corridors[estacao_id],
        known.latitude,
        known.longitude,
        site.reference.lines_at(estacao_id),
        site.live.passes(estacao_id),
    )
