"""The last passages at stations, from the live models."""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib.resources import files

from brt_watch.model import Poll
from brt_watch.web.live_models import LiveModels
from brt_watch.web.schemas import Pass
from brt_watch.web.thresholds import LIMITS

LAST_PASSES = 3
"""Passages shown per line and direction."""

_QUERY = (files("brt_watch.transform") / "sql" / "live_passes.sql").read_text(encoding="utf-8")


def passes_of(models: LiveModels, poll: Poll) -> dict[str, list[Pass]]:
    """Return the last passes by station, newest first."""
    found: dict[str, list[Pass]] = defaultdict(list)
    shown: Counter[tuple[str, str, str]] = Counter()
    for row in models.dicts(_QUERY.format(desvio_m=LIMITS.viagem_desvio_m)):
        key = row["estacao_id"], row["linha"], row["sentido"]
        shown[key] += 1
        if shown[key] <= LAST_PASSES and poll.captured_at:
            ago = max(0.0, round((poll.captured_at - row["datahora"]).total_seconds(), 1))
            found[row["estacao_id"]].append(Pass(row["linha"], row["sentido"], row["codigo"], row["datahora"], ago))
    return found
