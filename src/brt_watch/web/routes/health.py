"""For machines that watch: health and metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from brt_watch.place import as_typed
from brt_watch.web.dependencies import Site, the_site
from brt_watch.web.metrics import render
from brt_watch.web.openapi import PROBLEMS, content, shape
from brt_watch.web.responses import as_json
from brt_watch.web.schemas import Health

router = APIRouter(tags=["health"])
TheSite = Annotated[Site, Depends(the_site)]


@router.get("/health", responses=shape(Health))
def health(request: Request, site: TheSite) -> Response:
    """Whether all is well, as `brt-watch status` judges it; 503 with the reasons when it is not."""
    snapshot, age, found = site.live.snapshot, site.live.age(), site.problems()
    if site.live.problem:
        raise HTTPException(503, f"No poll can be shown: {site.live.problem}.")
    if found:
        raise HTTPException(503, " ".join(problem.sentence for problem in found))
    if snapshot is None or age is None:
        raise HTTPException(503, _nothing_yet(site))
    warned = snapshot.warned.sentence if snapshot.warned else None
    return as_json(request, Health("ok", snapshot.captured_at, round(age.total_seconds(), 1), warned))


def _nothing_yet(site: Site) -> str:
    live = site.live
    if live.problem:
        return f"No poll can be shown: {live.problem}."
    if live.failed:
        return f"No poll has succeeded yet; that of {live.failed.tick:%Y-%m-%d %H:%M:%S %Z} failed: {live.failure}"
    return as_typed("No poll has been made yet. brt-watch status shows whether the capture runs.")


@router.get("/metrics", responses={200: content({"type": "string"}, "text/plain"), **PROBLEMS})
async def metrics(request: Request, site: TheSite) -> Response:
    """Numbers for Prometheus."""
    return Response(render(site, request.app.state.counted), headers={"Content-Type": CONTENT_TYPE_LATEST})
