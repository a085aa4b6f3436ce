"""Vehicles now, and the trail of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.history import MISSING_CODES
from brt_watch.web.history_schemas import Trail, TrailPoint
from brt_watch.web.listed_feeds import Choice, FeedVehicles, feed_called, name_of, vehicles_of
from brt_watch.web.openapi import NOT_FOUND, NOT_MODIFIED, PROBLEMS, content, schema
from brt_watch.web.responses import NO_NUL, Until, as_json, refuse_unknown, send, span
from brt_watch.web.schemas import Doing, Vehicle, VehicleCollection, VehicleFeature, Vehicles
from brt_watch.web.signals import Signal
from brt_watch.web.snapshot import Encoded, Snapshot

router = APIRouter(tags=["vehicles"])

Code = Annotated[str, Path(description="The vehicle's `codigo`.", max_length=200, pattern=NO_NUL, examples=["901008"])]
Names = Annotated[
    str | None, Query(max_length=500, description="One, or several separated by commas.", examples=["22,35"])
]
FORMS = {"geojson": (VehicleCollection, "application/geo+json"), "json": (Vehicles, "application/json")}


def _schema(shape: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


_EITHER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The vehicles.",
        "content": {
            "application/geo+json": {"schema": {"anyOf": [_schema(VehicleCollection), _schema(FeedVehicles)]}},
            "application/json": {"schema": _schema(Vehicles)},
        },
    }
}


@router.get("/vehicles", responses={**_EITHER, **NOT_MODIFIED, **NOT_FOUND, **PROBLEMS})
async def vehicles(
    request: Request,
    deps: Annotated[Dependencies, Depends(get_dependencies)],
    linha: Names = None,
    sentido: Annotated[
        Literal["ida", "volta"] | None, Query(description="By movement where known, otherwise as labelled.")
    ] = None,
    status: Annotated[
        str | None,
        Query(max_length=500, description=f"One, or several separated by commas: {', '.join(get_args(Doing))}."),
    ] = None,
    codigo: Names = None,
    idade_max: Annotated[float | None, Query(ge=0, description="Seconds since the signal, at most.")] = None,
    format: Annotated[Literal["geojson", "json"], Query(description="The form of the answer.")] = "geojson",
    feed: Annotated[
        str | None,
        Query(max_length=50, description="A further feed: its vehicles as it reports them, GeoJSON without `status`."),
    ] = None,
) -> Response:
    """All vehicles as of the newest poll, or the selected ones; none before the first poll."""
    if feed is not None and feed != name_of(deps.resources):
        if status is not None or format != "geojson":
            raise HTTPException(422, "Of a further feed nothing is derived: no status, and format=geojson only.")
        return await run_in_threadpool(_of_feed, request, deps, feed, Choice(linha, sentido, codigo, idade_max))
    snapshot = deps.newest()
    refuse_unknown("status", status.split(",") if status else (), get_args(Doing))
    refuse_unknown("linha", linha.split(",") if linha else (), deps.known_lines())
    if snapshot is None:
        shape_of, media_type = FORMS[format]
        warned = deps.live.nothing_yet
        nothing = shape_of(None, deps.live.simulated, warned.sentence, warned.code, [])
        return send(request, Encoded(msgspec.json.encode(nothing), media_type))
    wanted = (linha, sentido, status, codigo, idade_max)
    if wanted == (None, None, None, None, None):
        return send(request, snapshot.geojson if format == "geojson" else snapshot.json)

    def make() -> Encoded:
        codes = [name for name, each in snapshot.vehicles.items() if _is_wanted(each, *wanted)]
        return snapshot.collection(codes) if format == "geojson" else snapshot.plain(codes)

    return send(request, snapshot.answer((format, *wanted), make))


def _of_feed(request: Request, deps: Dependencies, feed: str, choice: Choice) -> Response:
    found = vehicles_of(feed_called(feed, deps.resources), deps.reference, choice)
    return send(request, Encoded(msgspec.json.encode(found), FORMS["geojson"][1]))


def _is_wanted(
    vehicle: Vehicle, linha: str | None, sentido: str | None, status: str | None, codigo: str | None, age: float | None
) -> bool:
    return (
        (linha is None or (vehicle.linha or "") in linha.split(","))
        and (sentido is None or vehicle.goes == sentido)
        and (status is None or (vehicle.status or "") in status.split(","))
        and (codigo is None or vehicle.codigo in codigo.split(","))
        and (age is None or vehicle.idade_segundos <= age)
    )


# Codes have slashes in them, so the longer way comes first.
@router.get("/vehicles/{codigo:path}/trail", responses=schema(Trail) | NOT_FOUND)
def trail(
    request: Request,
    codigo: Code,
    deps: Annotated[Dependencies, Depends(get_dependencies)],
    minutos: Annotated[int, Query(ge=1, le=360, description="Length of the period, in minutes.")] = 60,
    ate: Until = None,
) -> Response:
    """The positions of a vehicle over the last hour or another period, oldest first."""
    longest = timedelta(minutes=minutos)
    begin, end = span(None, ate or deps.now + timedelta(minutes=5), deps.now, longest, longest)
    signals, missing = deps.history.signals(begin, end, codigo=codigo)
    known = deps.live.snapshot
    if not signals and not (known and codigo in known.vehicles):
        raise HTTPException(404, f"No vehicle {codigo!r} was seen in that time.")
    return as_json(request, Trail(codigo, missing, [_point(signal) for signal in signals], MISSING_CODES.get(missing)))


def _point(signal: Signal) -> TrailPoint:
    return TrailPoint(
        signal.datahora,
        signal.latitude,
        signal.longitude,
        signal.velocidade,
        signal.azimute,
        signal.linha,
        signal.sentido_estimado,
        signal.progresso_m,
    )


@router.get(
    "/vehicles/{codigo:path}",
    responses={
        200: content({"$ref": f"#/components/schemas/{VehicleFeature.__name__}"}, "application/geo+json"),
        **PROBLEMS,
        **NOT_FOUND,
    },
)
async def vehicle(request: Request, codigo: Code, deps: Annotated[Dependencies, Depends(get_dependencies)]) -> Response:
    """One vehicle as of the newest poll."""
    snapshot: Snapshot = deps.snapshot()
    if codigo not in snapshot.vehicles:
        raise HTTPException(404, f"There is no vehicle {codigo!r}.")
    return send(request, Encoded(snapshot.feature(codigo), "application/geo+json"))
