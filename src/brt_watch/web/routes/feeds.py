"""Feeds by public standards: GTFS-Realtime and TIDES."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from google.protobuf.json_format import MessageToJson
from google.transit.gtfs_realtime_pb2 import FeedMessage
from starlette.exceptions import HTTPException

from brt_watch.web import gtfs_rt, tides
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.openapi import NOT_MODIFIED, PROBLEMS, content, rows_of
from brt_watch.web.responses import From, Until, send, span
from brt_watch.web.snapshot import Encoded

router = APIRouter(tags=["feeds"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
HOUR, USUAL = timedelta(hours=1), timedelta(minutes=10)
MOST_ROWS = 200_000
PROTOBUF = "application/x-protobuf"

_FEED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A FeedMessage.",
        "content": {
            PROTOBUF: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


@router.get("/gtfs-rt/vehicle-positions", responses={**_FEED, **NOT_MODIFIED, **PROBLEMS})
async def vehicle_positions(
    request: Request,
    deps: Deps,
    format: Annotated[Literal["protobuf", "json"], Query(description="The form of the answer.")] = "protobuf",
    viagem: Annotated[
        bool, Query(description="Whether to include line and direction, as a trip without an id.")
    ] = True,
    idade_max: Annotated[
        float, Query(ge=0, le=600, description="Seconds since the signal, at most.")
    ] = gtfs_rt.OLDEST_S,
) -> Response:
    """The vehicles with a fresh position on the network, as GTFS-Realtime 2.0."""
    snapshot = deps.snapshot()

    def make() -> Encoded:
        return _encoded(gtfs_rt.feed(snapshot, deps.reference, viagem, idade_max), format)

    return send(request, snapshot.answer(("gtfs-rt", format, viagem, idade_max), make))


@router.get("/gtfs-rt/trip-updates", responses={**_FEED, **NOT_MODIFIED, **PROBLEMS})
def trip_updates(
    request: Request,
    deps: Deps,
    format: Annotated[Literal["protobuf", "json"], Query(description="The form of the answer.")] = "protobuf",
) -> Response:
    """When vehicles on their way reach the stations ahead, as GTFS-Realtime 2.0; trips have no ids."""
    snapshot = deps.snapshot()

    def make() -> Encoded:
        return _encoded(
            gtfs_rt.trip_updates(snapshot, deps.live.forecasts(), deps.reference, deps.history.zone), format
        )

    return send(request, snapshot.answer(("trip-updates", format), make))


def _encoded(message: FeedMessage, form: str) -> Encoded:
    if form == "json":
        return Encoded(MessageToJson(message, preserving_proto_field_name=True, indent=None).encode())
    return Encoded(message.SerializeToString(), PROTOBUF)


@router.get(
    "/tides/vehicle_locations.csv",
    responses={200: content(rows_of(tides.VehicleLocation), "text/csv"), **PROBLEMS},
)
def vehicle_locations(request: Request, deps: Deps, de: From = None, ate: Until = None) -> Response:
    """Signals as TIDES 1.0 vehicle_locations: the last ten minutes, or an hour at most. Complete, or an error."""
    begin, end = span(de, ate, deps.now, HOUR, USUAL)
    rows = deps.history.tides(begin, end, MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise HTTPException(422, f"These are more than {MOST_ROWS} signals; ask for them in parts.")
    return send(request, tides.vehicle_locations(rows))
