"""Changes as they happen: Server-Sent Events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.live import PING, Event, Live
from brt_watch.web.openapi import PROBLEMS, content

router = APIRouter(tags=["vehicles"])
PING_SECONDS = 15.0
MOST_CLIENTS = 5000
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_PING = Event(PING)


@router.get("/stream", responses={200: content({"type": "string"}, "text/event-stream"), **PROBLEMS})
async def stream(
    request: Request,
    deps: Annotated[Dependencies, Depends(get_dependencies)],
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="The `id` of the last event received.")
    ] = None,
) -> Response:
    """All vehicles, then after every poll those that changed, as events `vehicles`; a comment every 15 s."""
    live = deps.live
    if live.clients >= MOST_CLIENTS:
        raise HTTPException(503, "Too many clients stream already.", headers={"Retry-After": "30"})
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return StreamingResponse(_events(live, last_event_id, compressed), headers=headers, media_type="text/event-stream")


async def _events(live: Live, last_event_id: str | None, compressed: bool) -> AsyncIterator[bytes]:
    live.clients += 1
    try:
        if compressed:
            yield _GZIP_HEADER
        seen, event = live.first_event(last_event_id)
        while True:
            event = event or _PING
            yield event.deflated if compressed else event.plain
            seen, event = await live.next_event(seen, PING_SECONDS)
    finally:
        live.clients -= 1
