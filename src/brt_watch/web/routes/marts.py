"""What the buses did: trips, passages, headways, regularity, speeds and service, from the marts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from brt_watch.clock import begin_of_day
from brt_watch.marts.selection import Selection
from brt_watch.marts.tables import Mart
from brt_watch.web import formats, tables
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.mart_schemas import ANSWERS, Answer
from brt_watch.web.openapi import PROBLEMS, rows_of
from brt_watch.web.responses import EARLIEST, LATEST, NO_NUL, From, Until, as_json, refuse_unknown, span

router = APIRouter(tags=["lines"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]
DAY = timedelta(days=1)
LONGEST_OF_ALL, LONGEST, USUAL = DAY, 31 * DAY, timedelta(hours=6)
MOST_ROWS, MOST_ROWS_OF_A_FILE = 50_000, 1_000_000

Format = Literal["json", "csv", "parquet"]
Direction = Annotated[Literal["ida", "volta"] | None, Query(description="Only this direction.")]
Station = Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this station.")]
Vehicle = Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="Only this vehicle.")]


@dataclass(frozen=True)
class Asked:
    """The parameters that all these addresses take."""

    deps: Deps
    dia: Annotated[
        date | None,
        Query(
            description="A service day, 03:00 to 03:00 by the city's clocks, instead of a period.",
            examples=["2026-11-24"],
        ),
    ] = None
    de: From = None
    ate: Until = None
    linha: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.")] = None
    format: Annotated[
        Format, Query(description="json returns at most 50,000 rows; csv and parquet are complete, up to a million.")
    ] = "json"

    def period(self, longest: timedelta) -> tuple[datetime, datetime]:
        """Return the period; 422 when it is invalid or too long."""
        if self.dia is None:
            return span(self.de, self.ate, self.deps.now, longest, USUAL)
        if self.de or self.ate:
            raise HTTPException(422, "dia, or de and ate: not both.")
        if not EARLIEST.date() <= self.dia <= LATEST.date():
            raise HTTPException(422, "dia must lie between the years 2000 and 2100.")
        zone = self.deps.history.zone
        return begin_of_day(self.dia, zone), begin_of_day(self.dia + DAY, zone)

    def selection(
        self, mart: Mart, filters: dict[str, str], longest_of_all: timedelta
    ) -> tuple[Selection, datetime, datetime]:
        """Return the selected rows, and the period."""
        narrow = {"linha", "codigo", "estacao"} & set(filters)
        begin, end = self.period(LONGEST if narrow else longest_of_all)
        if self.dia:
            return Selection.of_day(mart, self.dia, filters), begin, end
        return Selection.of_period(mart, begin, end, self.deps.history.zone, filters), begin, end


Question = Annotated[Asked, Depends()]


def _responses(answer: Answer) -> dict[int | str, dict[str, Any]]:
    content = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{answer.schema}"}},
        "text/csv": {"schema": rows_of(answer.row)},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
    }
    return {200: {"description": f"Rows of the model `{answer.mart.model}`.", "content": content}, **PROBLEMS}


_TRIPS, _PASSAGES, _HEADWAYS, _REGULARITY, _REGULARITY_DAYS, _SPEEDS, _SERVICE, _SERVICE_DAYS = ANSWERS


@router.get("/trips", responses=_responses(_TRIPS))
def trips(request: Request, asked: Question, sentido: Direction = None, codigo: Vehicle = None) -> Response:
    """Trips by departure: up to 31 days of a line or a vehicle, one day of all lines."""
    return _answer(request, _TRIPS, asked, sentido=sentido, codigo=codigo)


@router.get("/passages", responses=_responses(_PASSAGES))
def passages(
    request: Request, asked: Question, sentido: Direction = None, codigo: Vehicle = None, estacao: Station = None
) -> Response:
    """Passages at stations by arrival: up to 31 days of a line, a station or a vehicle, one day of all lines."""
    return _answer(request, _PASSAGES, asked, sentido=sentido, codigo=codigo, estacao=estacao)


@router.get("/headways", responses=_responses(_HEADWAYS))
def headways(
    request: Request,
    asked: Question,
    sentido: Annotated[
        Literal["ida", "volta", "norte", "sul", "leste", "oeste"] | None,
        Query(description="Only this direction; for all lines together a compass direction."),
    ] = None,
    codigo: Vehicle = None,
    estacao: Station = None,
    escopo: Annotated[
        Literal["linha", "todas"], Query(description="By line, or all lines that go the same way there together.")
    ] = "linha",
) -> Response:
    """Headways at stations by the later departure: 31 days of a line, station or vehicle, one day of all lines."""
    if escopo == "todas" and asked.linha:
        raise HTTPException(422, "escopo=todas is of all lines together; leave out linha.")
    if sentido and (sentido in ("ida", "volta")) == (escopo == "todas"):
        raise HTTPException(
            422, "sentido is ida or volta with escopo=linha, and norte, sul, leste or oeste with escopo=todas."
        )
    return _answer(request, _HEADWAYS, asked, sentido=sentido, codigo=codigo, estacao=estacao, escopo=escopo)


@router.get("/regularity", responses=_responses(_REGULARITY))
def regularity(request: Request, asked: Question, sentido: Direction = None) -> Response:
    """Waits and bunching by line, direction and hour: up to 31 days of a line, one day of all lines."""
    return _answer(request, _REGULARITY, asked, sentido=sentido)


@router.get("/regularity/days", responses=_responses(_REGULARITY_DAYS))
def regularity_days(request: Request, asked: Question, sentido: Direction = None) -> Response:
    """Waits and bunching by line, direction and day, up to 31 days."""
    return _answer(request, _REGULARITY_DAYS, asked, LONGEST, sentido=sentido)


@router.get("/speeds", responses=_responses(_SPEEDS))
def speeds(request: Request, asked: Question, sentido: Direction = None, estacao: Station = None) -> Response:
    """Running speeds between stations by hour: up to 31 days of a line or at a station, one day of all lines."""
    return _answer(request, _SPEEDS, asked, sentido=sentido, estacao=estacao)


@router.get("/service", responses=_responses(_SERVICE))
def service(request: Request, asked: Question, sentido: Direction = None) -> Response:
    """Planned and operated trips and kilometres by hour: 31 days of a line, one day of all lines. Unknown is null."""
    return _answer(request, _SERVICE, asked, sentido=sentido)


@router.get("/service/days", responses=_responses(_SERVICE_DAYS))
def service_days(request: Request, asked: Question, sentido: Direction = None) -> Response:
    """Planned, observable and operated trips by day, up to 31 days, the largest shortfalls first. Unknown is null."""
    return _answer(request, _SERVICE_DAYS, asked, LONGEST, sentido=sentido)


def _answer(
    request: Request, answer: Answer, asked: Asked, longest_of_all: timedelta = LONGEST_OF_ALL, **wanted: str | None
) -> Response:
    deps = asked.deps
    filters = {name: value for name, value in {"linha": asked.linha, **wanted}.items() if value is not None}
    if "estacao" in filters:
        refuse_unknown("estacao", [filters["estacao"]], deps.reference.network.stations)
    selection, begin, end = asked.selection(answer.mart, filters, longest_of_all)
    counted = _Counted(deps, selection, MOST_ROWS if asked.format == "json" else MOST_ROWS_OF_A_FILE)
    if asked.format == "json":
        rows = [dict(zip(selection.names, row, strict=True)) for batch in counted for row in batch]
        counted.refuse_unknown_line(asked.linha)
        head = {"de": begin, "ate": end, "dia": asked.dia, "derivado_ate": deps.history.derived_until(deps.now)}
        return as_json(request, {**head, "simulado": deps.resources.files.simulated() is not None, answer.rows: rows})
    write = tables.write_csv if asked.format == "csv" else tables.write_parquet
    file = tables.spooled(write, answer.mart.columns, counted)
    try:
        counted.refuse_unknown_line(asked.linha)
    except HTTPException:
        file.close()
        raise
    name = f"{_file_name(answer, asked, begin, end)}.{asked.format}"
    media_type = formats.CSV_TYPE if asked.format == "csv" else formats.PARQUET_TYPE
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(tables.chunks(file), headers=headers, media_type=media_type)


class _Counted:
    """Yield the batches of a selection and count their rows; 422 when there are too many."""

    def __init__(self, deps: Dependencies, selection: Selection, most: int) -> None:
        self._deps = deps
        self._selection = selection
        self._most = most
        self.rows = 0

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        for batch in self._deps.history.rows(self._selection):
            self.rows += len(batch)
            if self.rows > self._most:
                raise HTTPException(
                    422, f"That is more than {self._most:,} rows; ask for a shorter period, or for one line."
                )
            yield batch

    def refuse_unknown_line(self, linha: str | None) -> None:
        """Refuse a line that neither the rows nor the network have; old rows may name former lines."""
        if linha and not self.rows:
            refuse_unknown("linha", [linha], self._deps.known_lines())


def _file_name(answer: Answer, asked: Asked, begin: datetime, end: datetime) -> str:
    line = f"-{re.sub('[^A-Za-z0-9]+', '_', asked.linha)}" if asked.linha else ""
    when = f"{asked.dia}" if asked.dia else f"{begin:%Y%m%dT%H%M%SZ}-{end:%Y%m%dT%H%M%SZ}"
    return f"{answer.mart.model}{line}-{when}"
