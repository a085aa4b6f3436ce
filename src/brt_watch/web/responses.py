"""Responses of the web: bytes with an ETag, compressed if the client accepts it; problems by RFC 9457."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import FastAPI, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException

from brt_watch.clock import UTC
from brt_watch.errors import BrtWatchError, DatabaseUnreachable
from brt_watch.web.schemas import Problem
from brt_watch.web.snapshot import Encoded

log = structlog.get_logger()

WORTH_COMPRESSING = 1000
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
NO_NUL = r"^[^\x00]+$"

From = Annotated[
    AwareDatetime | None,
    Query(description="From this time on (ISO 8601 with a zone).", examples=["2026-11-24T18:00:00Z"]),
]
Until = Annotated[
    AwareDatetime | None,
    Query(description="Before this time (ISO 8601 with a zone).", examples=["2026-11-24T19:00:00Z"]),
]


PROBLEM_PAGE = """<!doctype html><html lang=pt-BR><meta charset=utf-8>
<meta name=viewport content="width=device-width">
<link rel=icon href=/page/icon.svg><link rel=stylesheet href=/page/css/tokens.css>
<link rel=stylesheet href=/page/css/docs.css><title>{title} · brt-watch</title>
<h1>{title}</h1><p lang=en>{problem}</p>
<p><a href=/>Mapa ao vivo</a> · <a href=/api/docs>Documentação da API</a></p>"""
TITLES = {
    404: "Página não encontrada",
    405: "Método não permitido",
    422: "Pedido inválido",
    500: "Erro interno",
    503: "Indisponível no momento",
}


def send(request: Request, encoded: Encoded, cache: str = "no-cache", **headers: str) -> Response:
    """Answer with bytes, or with 304 if the client has them."""
    known = {"ETag": encoded.etag, "Cache-Control": cache, "Vary": "Accept-Encoding", **headers}
    if encoded.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=known)
    body = encoded.body
    if len(body) > WORTH_COMPRESSING and "gzip" in request.headers.get("accept-encoding", ""):
        body, known["Content-Encoding"] = encoded.gzipped, "gzip"
    return Response(body, headers=known, media_type=encoded.media_type)


def known_parameters(request: Request) -> None:
    """Refuse unknown parameters of an operation (422 with the known ones), and repeated ones."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = _query_names(route.dependant)
    if unknown := sorted(set(request.query_params) - known):
        allowed = f"those are {', '.join(sorted(known))}" if known else "it has none"
        raise HTTPException(422, f"Unknown parameter {', '.join(unknown)}; {allowed}.")
    counts = Counter(name for name, _ in request.query_params.multi_items())
    if repeated := sorted(name for name, count in counts.items() if count > 1):
        raise HTTPException(422, f"{', '.join(repeated)}: given twice; only one value would count.")


def refuse_unknown(name: str, wanted: Iterable[str], allowed: Iterable[str]) -> None:
    """Refuse unknown values of a parameter: 422 with the allowed ones."""
    known = set(allowed)
    if unknown := set(wanted) - known:
        listed = ", ".join(sorted(filter(None, known), key=lambda each: (len(each), each)))
        raise HTTPException(422, f"{name}: {', '.join(sorted(unknown))} is unknown; allowed are {listed}.")


def _query_names(dependant: Dependant) -> set[str]:
    names = {parameter.alias for parameter in dependant.query_params}
    return names.union(*map(_query_names, dependant.dependencies))


def as_json(request: Request, value: Any, cache: str = "no-cache") -> Response:
    """Answer with a value as JSON."""
    return send(request, Encoded(msgspec.json.encode(value)), cache)


def span(
    de: datetime | None, ate: datetime | None, now: datetime, longest: timedelta, usual: timedelta
) -> tuple[datetime, datetime]:
    """Return the requested span: by one end or both, by default the most recent; 422 when it is invalid."""
    for moment in (de, ate):
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise HTTPException(422, "de and ate must lie between the years 2000 and 2100.")
    end = ate or (de + usual if de else now)
    begin = de or end - usual
    if begin >= end:
        raise HTTPException(422, "de must be earlier than ate.")
    if end - begin > longest:
        raise HTTPException(422, f"From de to ate may be {_hours(longest)} at most; ask for it in parts.")
    return begin.astimezone(UTC), end.astimezone(UTC)


def _hours(span: timedelta) -> str:
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    return f"{hours} hours" if not minutes else f"{hours * 60 + minutes} minutes"


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Answer with an error: an RFC 9457 problem for a program, a page for a browser."""
    known = {"Vary": "Accept", **(headers or {})}
    if "text/html" in request.headers.get("accept", ""):
        title = escape(TITLES.get(status, HTTPStatus(status).phrase))
        return HTMLResponse(PROBLEM_PAGE.format(title=title, problem=escape(detail)), status, known)
    body = msgspec.json.encode(Problem(HTTPStatus(status).phrase, status, detail, **more))
    return Response(body, status, known, "application/problem+json")


def internal_error(request: Request) -> Response:
    """Answer with an internal error."""
    return problem(request, 500, "Internal error; see the server log.")


def add_problem_handlers(app: FastAPI) -> None:
    """Turn every expected error into a problem; `Guard` answers the others."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        detail = error.detail
        if error.status_code == 404 and detail == "Not Found":
            detail = f"There is nothing at {request.url.path}; /api/docs lists what there is."
        if error.status_code == 405:
            detail = "This only reads: GET and HEAD are what can be asked."
        return problem(request, error.status_code, detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        found = [{"where": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in error.errors()]
        detail = "; ".join(f"{each['where']}: {each['problem']}" for each in found)
        return problem(request, 422, detail, errors=found)

    @app.exception_handler(DatabaseUnreachable)
    async def _no_database(request: Request, error: DatabaseUnreachable) -> Response:
        log.warning("serve.no_database", problem=str(error))
        detail = "The database does not answer, and this needs it. Try again later."
        return problem(request, 503, detail, {"Retry-After": "15"})

    @app.exception_handler(BrtWatchError)
    async def _ours(request: Request, error: BrtWatchError) -> Response:
        return problem(request, 503, str(error))
