"""Thresholds of the models that the page needs too, from their only home (dbt_project.yml)."""

from __future__ import annotations

from datetime import timedelta

from brt_watch.transform.compiled import project_vars
from brt_watch.web.schemas import Limits

_VARS = project_vars()

LINE_HOURS = timedelta(hours=_VARS["linhas_horas"])
"""How far back the hours of a line go."""

LIMITS = Limits(**{name: _VARS[name] for name in Limits.__struct_fields__})
"""The thresholds that the page uses."""

FASTEST_KMH: float = _VARS["velocidade_improvavel_kmh"]
"""Higher reported speeds are not credible."""
