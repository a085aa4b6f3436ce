"""The capture by minute and by day, and the state of everything now."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from brt_watch.clock import UTC
from brt_watch.errors import DatabaseRefused, DatabaseUnreachable
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.history import MISSING_CODES
from brt_watch.web.history_schemas import Coverage
from brt_watch.web.openapi import PROBLEMS, content, schema
from brt_watch.web.reader import ROLE
from brt_watch.web.responses import EARLIEST, LATEST, as_json
from brt_watch.web.schemas import HealthDetails

router = APIRouter(tags=["capture"])
DAY = timedelta(days=1)
ALERTS = timedelta(days=30)
Deps = Annotated[Dependencies, Depends(get_dependencies)]


@router.get("/coverage", responses=schema(Coverage))
def coverage(
    request: Request,
    deps: Deps,
    dia: Annotated[date | None, Query(description="A day; without it today.", examples=["2026-11-24"])] = None,
) -> Response:
    """The capture of the minutes of a day: planned, good, late, failed and missed polls."""
    zone = deps.history.zone
    day = dia or deps.now.astimezone(zone).date()
    if not EARLIEST.date() < day < LATEST.date():
        raise HTTPException(422, "dia must lie between the years 2000 and 2100.")
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    # By the clocks of the city: a day on which they change has 23 or 25 hours.
    minutes, missing = deps.history.minutes(begin.astimezone(UTC), (begin + DAY).astimezone(UTC))
    return as_json(request, Coverage(day.isoformat(), missing, minutes, MISSING_CODES.get(missing)))


@router.get(
    "/coverage/days",
    responses={
        200: content({"type": "array", "items": {"$ref": "#/components/schemas/Day"}}, "application/json"),
        **PROBLEMS,
    },
)
def coverage_days(
    request: Request, deps: Deps, dias: Annotated[int, Query(ge=1, le=92, description="Number of days.")] = 30
) -> Response:
    """The capture of the last days."""
    today = deps.now.astimezone(deps.history.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return as_json(
        request, deps.history.days((today - (dias - 1) * DAY).astimezone(UTC), (today + DAY).astimezone(UTC))
    )


@router.get("/health-details", responses=schema(HealthDetails))
def health_details(request: Request, deps: Deps) -> Response:
    """The state of the capture, the disk and the database; rejects of the last day, alerts of the last month."""
    now, snapshot = deps.now, deps.live.snapshot
    ticks, _ = deps.history.ticks(now - timedelta(hours=1), now + timedelta(minutes=1))
    last = ticks[-1] if ticks else None
    age = deps.live.age()
    capture = {
        "gerado_em": snapshot.captured_at if snapshot else None,
        "idade_segundos": round(age.total_seconds(), 1) if age else None,
        "veiculos": len(snapshot.vehicles) if snapshot else 0,
        "ultima_consulta": {"tick": last.tick, "status": last.status.value} if last else None,
        "ultima_falha": {"tick": deps.live.failed.tick, "motivo": deps.live.failure} if deps.live.failed else None,
        "simulado": deps.live.simulated,
        "aviso": snapshot.warned.sentence if snapshot and snapshot.warned else None,
        "janelas_esperando": len(deps.resources.files.closed_windows()),
        "problemas": [problem.sentence for problem in deps.problems()],
    }
    alerts = [
        {name: value for name, value in row.items() if value is not None}
        for row in deps.history.alerts(now - ALERTS, now + timedelta(minutes=1))
    ]
    return as_json(
        request,
        HealthDetails(
            capture, deps.history.rejects(now - DAY, now + timedelta(minutes=1)), alerts, _disk(deps), _database(deps)
        ),
    )


def _disk(deps: Dependencies) -> dict[str, Any]:
    folder = deps.resources.settings.folder
    used = sum(path.stat().st_size for path in deps.resources.files.windows.rglob("*") if path.is_file())
    return {"livre_bytes": shutil.disk_usage(folder).free, "dados_bytes": used, "pasta": folder.name}


def _database(deps: Dependencies) -> dict[str, Any]:
    try:
        totals = deps.resources.models.totals()
    except (DatabaseUnreachable, DatabaseRefused):
        return {"ok": False, "detalhe": "O banco de dados não responde.", "sinais": None, "ultima_carga": None,
                "ultima_transformacao": None}  # fmt: skip
    on_postgres = deps.resources.settings.uses_postgres
    role = f"papel {ROLE}" if deps.history.reader.as_role else "sessão só de leitura, sem papel próprio"
    return {
        "ok": True,
        "detalhe": role if on_postgres else "sem Postgres: o histórico vem do lago",
        "sinais": totals.signals,
        "ultima_carga": totals.loaded_at,
        "ultima_transformacao": totals.transformed_at,
    }
