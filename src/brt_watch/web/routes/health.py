"""For monitoring: health and metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from brt_watch.place import as_typed
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.metrics import render
from brt_watch.web.openapi import PROBLEMS, content, schema
from brt_watch.web.responses import as_json
from brt_watch.web.schemas import Health

router = APIRouter(tags=["health"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]


@router.get("/health", responses=schema(Health))
def health(request: Request, deps: Deps) -> Response:
    """Whether all is well, as `brt-watch status` judges it; 503 with the reasons when it is not."""
    snapshot, age, found = deps.live.snapshot, deps.live.age(), deps.problems()
    if deps.live.problem:
        raise HTTPException(503, f"No poll can be shown: {deps.live.problem}.")
    if found:
        raise HTTPException(503, " ".join(problem.sentence for problem in found))
    if snapshot is None or age is None:
        raise HTTPException(503, _nothing_yet(deps))
    warned = snapshot.warned.sentence if snapshot.warned else None
    return as_json(request, Health("ok", snapshot.captured_at, round(age.total_seconds(), 1), warned))


def _nothing_yet(deps: Dependencies) -> str:
    live = deps.live
    if live.problem:
        return f"No poll can be shown: {live.problem}."
    if live.failed:
        return f"No poll has succeeded yet; that of {live.failed.tick:%Y-%m-%d %H:%M:%S %Z} failed: {live.failure}"
    return as_typed("No poll has been made yet. brt-watch status shows whether the capture runs.")


@router.get("/metrics", responses={200: content({"type": "string"}, "text/plain"), **PROBLEMS})
async def metrics(request: Request, deps: Deps) -> Response:
    """Metrics for Prometheus."""
    return Response(render(deps, request.app.state.counted), headers={"Content-Type": CONTENT_TYPE_LATEST})
