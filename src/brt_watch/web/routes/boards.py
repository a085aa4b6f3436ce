"""How the lines run now, and the planned headways."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from brt_watch.network import read_seed
from brt_watch.web.control import Control, attention_now, headways_now, routes_now, wait_alerts
from brt_watch.web.dependencies import Dependencies, get_dependencies
from brt_watch.web.openapi import NOT_MODIFIED, schema
from brt_watch.web.responses import NO_NUL, refuse_unknown, send
from brt_watch.web.schemas import Plan, PlannedHeadway
from brt_watch.web.snapshot import Encoded

router = APIRouter(tags=["lines"])
Deps = Annotated[Dependencies, Depends(get_dependencies)]


@router.get("/control", responses=schema(Control) | NOT_MODIFIED)
def control(request: Request, deps: Deps) -> Response:
    """How the lines run now: headways, gaps, bunches, holds, vehicles off path or silent, and open alerts."""
    snapshot, models = deps.newest(), deps.live.models

    def make() -> Encoded:
        moment, warned = (snapshot.captured_at, snapshot.warned) if snapshot else (None, deps.live.nothing_yet)
        with models.whole():
            answer = Control(
                moment,
                deps.live.simulated,
                warned.sentence if warned else None,
                warned.code if warned else None,
                routes_now(models),
                headways_now(models),
                attention_now(models),
                wait_alerts(deps.resources.settings.folder),
            )
        return Encoded(msgspec.json.encode(answer))

    return send(request, snapshot.answer("control", make) if snapshot else make())


@router.get("/plan", responses=schema(Plan) | NOT_MODIFIED)
async def plan(
    request: Request,
    deps: Deps,
    linha: Annotated[str | None, Query(max_length=50, pattern=NO_NUL, description="Only this line.")] = None,
) -> Response:
    """The planned headways of a weekday, newest version of the plan."""
    refuse_unknown("linha", [linha] if linha else (), deps.known_lines())
    return send(request, _encoded(deps.resources.city.seeds, linha), "public, max-age=3600")


@lru_cache(maxsize=256)
def _encoded(seeds: Path, linha: str | None) -> Encoded:
    planned = [each for each in _newest(seeds) if linha is None or each.linha == linha]
    return Encoded(msgspec.json.encode(Plan("dia útil", planned))).prepared()


@lru_cache(maxsize=1)
def _newest(seeds: Path) -> list[PlannedHeadway]:
    rows = list(read_seed(seeds, "linha_intervalos"))
    newest: dict[str, str] = {}
    for row in rows:
        newest[row.text("linha")] = max(newest.get(row.text("linha"), ""), row.text("valido_desde"))
    return [
        PlannedHeadway(
            row.text("linha"),
            row.text("valido_desde"),
            row.text("hora_inicio"),
            row.text("hora_fim"),
            int(row.text("intervalo_s")),
        )
        for row in rows
        if row.text("valido_desde") == newest[row.text("linha")]
    ]
