"""Thresholds of the models that the page needs too, from their only home (dbt_project.yml)."""

from __future__ import annotations

from brt_watch.transform.compiled import project_vars

_VARS = project_vars()

MOVING_KMH: float = _VARS["velocidade_limiar_parado_kmh"]
"""From this speed on a vehicle moves."""

ON_PATH_M: float = _VARS["buffer_trajeto_m"]
"""Up to this far from its path a vehicle is on it."""

FASTEST_KMH: float = _VARS["velocidade_improvavel_kmh"]
"""A device that reports more than this is not believed."""
