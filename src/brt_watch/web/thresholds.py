"""Thresholds of the models that the page needs too, from their only home (dbt_project.yml)."""

from __future__ import annotations

from brt_watch.transform.compiled import project_vars
from brt_watch.web.schemas import Limits

_VARS = project_vars()

MOVING_KMH: float = _VARS["velocidade_limiar_parado_kmh"]
"""From this speed on a vehicle moves."""

LIMITS = Limits(**{name: _VARS[name] for name in Limits.__struct_fields__})
"""What the page itself compares with."""

FASTEST_KMH: float = _VARS["velocidade_improvavel_kmh"]
"""A device that reports more than this is not believed."""
