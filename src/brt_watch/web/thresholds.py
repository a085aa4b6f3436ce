"""Thresholds of the models that the page needs too, from their only home (dbt_project.yml)."""

from __future__ import annotations

from brt_watch.transform.compiled import project_vars
from brt_watch.web.schemas import Limits

_VARS = project_vars()

MOVING_KMH: float = _VARS["velocidade_limiar_parado_kmh"]
"""The minimum speed of a moving vehicle."""

LIMITS = Limits(**{name: _VARS[name] for name in Limits.__struct_fields__})
"""The thresholds that the page uses."""

FASTEST_KMH: float = _VARS["velocidade_improvavel_kmh"]
"""Higher reported speeds are not credible."""
