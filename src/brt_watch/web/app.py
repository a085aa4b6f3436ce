"""The application: routes, security headers, errors, and the task that checks for new polls."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brt_watch import __version__
from brt_watch.errors import BrtWatchError
from brt_watch.network import SEEDS
from brt_watch.network.city import made_of
from brt_watch.resources import Resources
from brt_watch.web import openapi
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.responses import add_problem_handlers, internal_error, known_parameters
from brt_watch.web.responses import send as send_encoded
from brt_watch.web.routes import (
    boards,
    capture,
    feeds,
    forecasts,
    health,
    history,
    lines,
    listed,
    marts,
    stream,
    vehicles,
)
from brt_watch.web.snapshot import Encoded

PAGE = files("brt_watch") / "web" / "page"
TILES = "https://tile.openstreetmap.org"
POLICY = (
    "default-src 'self'",
    f"img-src 'self' data: blob: {TILES}",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "script-src 'self'",
    f"connect-src 'self' {TILES}",
    "object-src 'none'",
    "base-uri 'none'",
)
EXPOSED = ("ETag", "Link", "Content-Disposition", "Retry-After")
ASK_AGAIN = {"Cache-Control": "no-cache"}
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""The metrics are brt-watch's own. To ask for collectors of these takes 10 of 41 µs of the shortest request."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
DATABASE_SECONDS = 15.0
CITY_SECONDS = 15.0


def create_app(resources: Resources) -> FastAPI:
    """Return the application of a data folder.

    It calls `state.outdated` when the city is made again, for the network and the models are read once.
    """
    folder = resources.settings.folder
    city = made_of(folder)
    deps = Dependencies.of(resources)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        forever = (deps.live.run(), deps.live.run_apart(), _look_at_database(deps), _look_at_city(app, folder))
        tasks = [asyncio.create_task(each) for each in forever]
        yield
        deps.live.models.stop()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    app = FastAPI(
        title="brt-watch",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    app.state.deps = deps
    app.state.city = city
    app.state.outdated = lambda: None
    app.state.counted = Counter()
    app.openapi = lambda: openapi.openapi(app)  # type: ignore[method-assign]
    add_problem_handlers(app)
    for routes in (vehicles, lines, forecasts, boards, marts, capture, listed, history, stream):
        app.include_router(routes.router, prefix="/api/v1", dependencies=[Depends(known_parameters)])
    for routes in (feeds, health):
        app.include_router(routes.router, dependencies=[Depends(known_parameters)])
    _add_pages(app)
    app.add_middleware(Shortcut, deps=deps)
    settings = resources.settings
    if origins := _names(settings.http_cors):
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET"], expose_headers=EXPOSED)
    app.add_middleware(Guard, counted=app.state.counted, embedded_by=_names(settings.http_embed))
    return app


def _names(text: str) -> list[str]:
    """Return the origins in a setting, without a trailing slash, as browsers send them."""
    return [name for written in text.split(",") if (name := written.strip().rstrip("/"))]


async def _look_at_database(deps: Dependencies) -> None:
    while True:
        with suppress(BrtWatchError):
            await asyncio.to_thread(deps.history.check)
        await asyncio.sleep(DATABASE_SECONDS)


async def _look_at_city(app: FastAPI, folder: Path) -> None:
    while made_of(folder) == app.state.city:
        await asyncio.sleep(CITY_SECONDS)
    app.state.outdated()


def _of_city(html: str, request: Request) -> str:
    """Return the page for the city of the data folder: one other than Rio is named by attributes of the page's root."""
    deps = get_dependencies(request)
    city = deps.resources.city
    if city.seeds == SEEDS:
        return html
    south, north, west, east = deps.reference.box
    name, source = escape(city.name), escape(f"{city.source}, {city.address}")
    known = f'data-zone="{escape(city.zone.key)}" data-city="{name}" data-source="{source}"'
    # The card of a link is a picture of Rio's buses.
    html = re.sub(r'<meta property="og:image" .*\n<meta name="twitter:card" .*\n', "", html)
    html = html.replace('<html lang="pt-BR">', f'<html lang="pt-BR" {known} data-box="{west} {south} {east} {north}">')
    return html.replace("o BRT do Rio, minuto a minuto", name).replace("BRT do Rio de Janeiro", name)


def _add_pages(app: FastAPI) -> None:
    @app.get("/api/openapi.json", include_in_schema=False)
    async def _openapi(_: Request) -> Response:
        return JSONResponse(app.openapi())

    @app.get("/api/docs", include_in_schema=False)
    async def _docs(_: Request) -> Response:
        return HTMLResponse(openapi.page(app.openapi()))

    @app.get("/", include_in_schema=False)
    async def _index(request: Request) -> Response:
        # Messengers show a link's card only when its addresses are absolute.
        site = escape(str(request.base_url).rstrip("/"))
        html = (PAGE / "index.html").read_text(encoding="utf-8").replace(' content="/', f' content="{site}/')
        return send_encoded(request, Encoded(_of_city(html, request).encode(), "text/html; charset=utf-8"))

    @app.get("/favicon.ico", include_in_schema=False)
    async def _favicon(_: Request) -> Response:
        return FileResponse(str(PAGE / "favicon.ico"), headers=ASK_AGAIN)

    @app.get("/docs", include_in_schema=False)
    async def _to_docs(_: Request) -> Response:
        return RedirectResponse("/api/docs")

    app.mount("/page", PageFiles(directory=str(PAGE)), name="page")


class PageFiles(StaticFiles):
    """The files of the page; browsers revalidate cached ones, so an update is visible at once."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """Return a file, or that the client has it."""
        response = super().file_response(*arguments, **named)
        response.headers.update(ASK_AGAIN)
        return response


class Shortcut:
    """Answers the most frequent request, all vehicles, without routing and parameters.

    Measured in one process: 50 µs of processor time per request, against 1,030 µs by the route of the same address.
    """

    def __init__(self, app: ASGIApp, deps: Dependencies) -> None:
        self._app = app
        self._live = deps.live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        snapshot = self._live.snapshot
        if (
            snapshot
            and scope["type"] == "http"
            and scope["path"] == "/api/v1/vehicles"
            and not scope["query_string"]
            and scope["method"] == "GET"
        ):
            await send_encoded(Request(scope), snapshot.geojson)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Guard:
    """Adds the security headers to every answer, even after an internal error, and counts the answers.

    HEAD is a GET without the body.
    """

    def __init__(self, app: ASGIApp, counted: Counter[tuple[str, int]], embedded_by: list[str]) -> None:
        self._app = app
        self._counted = counted
        ancestors = " ".join(["frame-ancestors", "'self'", *embedded_by])
        self._headers = [
            (b"content-security-policy", "; ".join((*POLICY, ancestors)).encode()),
            (b"x-content-type-options", b"nosniff"),
            # The map tile server may see which site shows its tiles, and no more.
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers: list[Any] = message["headers"]
                headers.extend(self._headers)
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._counted[method, message["status"]] += 1
            await send(message)

        if scope["method"] == "OPTIONS" and not Headers(scope=scope).get("access-control-request-method"):
            await Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"})(scope, receive, guarded)
            return
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self._app(asked, receive, guarded)
        except Exception:
            if not started:
                await internal_error(Request(scope))(scope, receive, guarded)
            # The server logs it.
            raise
