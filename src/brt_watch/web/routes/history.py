"""The signals themselves, in pages, and a few minutes of them for playback."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException

from brt_watch.clock import parse_moment, write_moment
from brt_watch.web import formats
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.history import MISSING_CODES
from brt_watch.web.history_schemas import History, Playback, Played, Range
from brt_watch.web.openapi import PROBLEMS, rows_of, schema
from brt_watch.web.responses import NO_NUL, From, Until, as_json, refuse_unknown, send, span
from brt_watch.web.signals import Signal

router = APIRouter(tags=["history"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
HOUR = timedelta(hours=1)
LONGEST, LONGEST_OF_ALL = 24 * HOUR, 6 * HOUR
PAGE, USUAL_PAGE = 50_000, 10_000
"""Signals per page: the maximum, and the default."""

BEFORE = timedelta(minutes=2)
"""How long before the period to look for the position from which a vehicle moves into it."""

_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Signals. The Link header names the next page.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/History"}},
            "application/geo+json": {"schema": {"type": "object"}},
            "text/csv": {"schema": rows_of(Signal)},
            "application/vnd.apache.parquet": {"schema": rows_of(Signal) | {"format": "binary"}},
        },
    }
}


@router.get("/history", responses={**_FORMS, **PROBLEMS})
def history(
    request: Request,
    deps: Deps,
    de: From = None,
    ate: Until = None,
    codigo: Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="Only this vehicle.")] = None,
    linha: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.")] = None,
    format: Annotated[
        Literal["json", "csv", "parquet", "geojson"],
        Query(description="csv and parquet are complete, json and geojson are paged."),
    ] = "json",
    limite: Annotated[
        int | None,
        Query(ge=1, le=PAGE, description="Signals per page. [10000; csv and parquet: all]"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=600, description="`proximo` of the previous page.")] = None,
) -> Response:
    """Signals, oldest first, each once: at most six hours, or 24 for one vehicle. Complete, or an error."""
    begin, end = span(de, ate, deps.now, LONGEST if codigo else LONGEST_OF_ALL, HOUR)
    after = _read_cursor(cursor) if cursor else None
    named = {"Content-Disposition": f'attachment; filename="{_file_name(begin, end, codigo, linha)}.{format}"'}
    if format in ("csv", "parquet") and limite is None:
        # The first page before the answer begins: what cannot be answered is refused, and not broken off.
        first = deps.history.page(begin, end, codigo, linha, after, PAGE)
        _refuse_unknown_line(deps, linha, first)
        return _whole(format, _pages(deps, begin, end, codigo, linha, first), named)
    size = limite or USUAL_PAGE
    signals = deps.history.page(begin, end, codigo, linha, after, size)
    _refuse_unknown_line(deps, linha, signals)
    following = _write_cursor(signals[-1]) if len(signals) == size else None
    if following:
        url = request.url.include_query_params(de=write_moment(begin), ate=write_moment(end), cursor=following)
        named["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        named["Content-Disposition"] = named["Content-Disposition"].replace(f'.{format}"', f'-parte.{format}"')
    if format == "json":
        return as_json(request, History(begin, end, following, signals))
    if format == "geojson":
        return send(request, formats.as_geojson(signals), **named)
    return _whole(format, iter([signals]), named)


def _refuse_unknown_line(deps: Dependencies, linha: str | None, found: list[Signal]) -> None:
    """Refuse a line that neither the network nor a vehicle has; old signals may show former lines."""
    if linha and not found:
        refuse_unknown("linha", [linha], deps.known_lines())


def _pages(
    deps: Dependencies, begin: datetime, end: datetime, codigo: str | None, linha: str | None, page: list[Signal]
) -> Iterator[list[Signal]]:
    yield page
    while len(page) == PAGE:
        page = deps.history.page(begin, end, codigo, linha, page[-1].key, PAGE)
        yield page


def _whole(format: str, pages: Iterator[list[Signal]], headers: dict[str, str]) -> Response:
    if format == "csv":
        return StreamingResponse(formats.as_csv(pages), headers=headers, media_type=formats.CSV_TYPE)
    return StreamingResponse(formats.as_parquet(pages), headers=headers, media_type=formats.PARQUET_TYPE)


def _file_name(begin: datetime, end: datetime, codigo: str | None, linha: str | None) -> str:
    of = "".join(f"-{re.sub('[^A-Za-z0-9]+', '_', text)}" for text in (linha, codigo) if text)
    return f"brt{of}-{begin:%Y%m%dT%H%M%SZ}-{end:%Y%m%dT%H%M%SZ}"


def _write_cursor(signal: Signal) -> str:
    return base64.urlsafe_b64encode(f"{write_moment(signal.datahora)} {signal.codigo}".encode()).decode()


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        moment, _, codigo = base64.urlsafe_b64decode(text).decode().partition(" ")
        if "\0" in codigo:
            raise ValueError("a NUL")
        return parse_moment(moment), codigo
    except (ValueError, binascii.Error, OverflowError):
        raise HTTPException(422, "cursor must be what `proximo` of the page before says.") from None


@router.get("/playback", responses=schema(Playback))
def playback(
    request: Request,
    deps: Deps,
    de: Annotated[AwareDatetime | None, Query(description="From this time on; without it, the last minutes.")] = None,
    minutos: Annotated[int, Query(ge=1, le=15, description="Length of the period, in minutes.")] = 10,
) -> Response:
    """All vehicles over a few minutes, compact: the positions of each, and the gaps in the capture."""
    longest = timedelta(minutes=minutos)
    begin, end = span(de, None, deps.now, longest, longest)
    signals, missing = deps.history.signals(begin - BEFORE, end)
    played: dict[str, Played] = {}
    for signal in signals:
        known = played.get(signal.codigo)
        if known is None or (known.linha, known.sentido) != (signal.linha, signal.sentido_estimado):
            known = played[signal.codigo] = Played(signal.linha, signal.sentido_estimado, known.p if known else [])
        seconds = round((signal.datahora - begin).total_seconds())
        known.p.append((seconds, signal.longitude, signal.latitude, signal.velocidade, signal.azimute))
    gaps = deps.history.gaps(begin, min(end, deps.now)) if begin < deps.now else []
    return as_json(request, Playback(begin, end, missing, played, gaps, MISSING_CODES.get(missing)))


@router.get("/playback/range", responses=schema(Range))
def playback_range(request: Request, deps: Deps) -> Response:
    """The first and the last captured time."""
    first, last, missing = deps.history.range()
    return as_json(request, Range(first, last, missing, MISSING_CODES.get(missing)))
