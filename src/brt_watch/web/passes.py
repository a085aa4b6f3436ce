"""The last passages at stations, and the vehicles on their way to them, from the live models."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files

from brt_watch.model import Poll
from brt_watch.store.duck import quoted
from brt_watch.web.live_models import LiveModels
from brt_watch.web.schemas import Coming, Pass

_SQL = files("brt_watch.transform") / "sql"
_PASSES, _COMING = ((_SQL / name).read_text(encoding="utf-8") for name in ("live_passes.sql", "live_coming.sql"))


def passes_of(models: LiveModels, poll: Poll) -> dict[str, list[Pass]]:
    """Return the last passes by station, newest first."""
    found: dict[str, list[Pass]] = defaultdict(list)
    for row in models.dicts(_PASSES):
        if poll.captured_at:
            ago = max(0.0, round((poll.captured_at - row["datahora"]).total_seconds(), 1))
            found[row["estacao_id"]].append(Pass(row["linha"], row["sentido"], row["codigo"], row["datahora"], ago))
    return found


def coming_to(models: LiveModels, estacao_id: str) -> list[Coming]:
    """Return the vehicles on their way to a station, the nearest first."""
    return [Coming(**row) for row in models.dicts(_COMING.format(estacao_id=quoted(estacao_id)))]
