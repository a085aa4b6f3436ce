"""The feeds that are captured beside the first one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response

from brt_watch.health import look
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.listed_feeds import Feeds, FeedVehicles, feed_called, state_of, vehicles_of
from brt_watch.web.openapi import NOT_FOUND, NOT_MODIFIED, schema
from brt_watch.web.responses import NO_NUL, as_json, send
from brt_watch.web.snapshot import Encoded

router = APIRouter(prefix="/feeds", tags=["capture"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
Name = Annotated[str, Path(description="The name of the feed.", max_length=50, pattern=NO_NUL, examples=["brt_rt"])]


@router.get("", responses=schema(Feeds))
def feeds(request: Request, deps: Deps) -> Response:
    """The feeds that are captured, with the last poll and the problems of each."""
    resources = deps.resources
    seen = look(resources.settings, resources.files, resources.clock)
    return as_json(request, Feeds(deps.now, [state_of(each, seen) for each in resources.feeds]))


@router.get("/{feed}/vehicles", responses=schema(FeedVehicles, "application/geo+json") | NOT_FOUND | NOT_MODIFIED)
def feed_vehicles(request: Request, deps: Deps, feed: Name) -> Response:
    """The vehicles of a feed as it reports them, as GeoJSON: from the newest answer, without the database."""
    body = msgspec.json.encode(vehicles_of(feed_called(feed, deps.resources), deps.reference))
    return send(request, Encoded(body, "application/geo+json"))
