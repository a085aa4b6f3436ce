"""Thresholds of the models that the page needs too, from their only home (dbt_project.yml)."""

from __future__ import annotations

from brt_watch.transform.compiled import project_vars

_VARS = project_vars()

LIVE_S: int = _VARS["ao_vivo_segundos"]
LATE_S: int = _VARS["em_silencio_segundos"]
SILENT_S: int = _VARS["fora_de_operacao_segundos"]
"""Up to which age a signal is live, late, silent; an older one is of a vehicle out of service."""

MOVING_KMH: float = _VARS["velocidade_limiar_parado_kmh"]
"""From this speed on a vehicle moves."""

ON_PATH_M: float = _VARS["buffer_trajeto_m"]
"""Up to this far from its path a vehicle is on it."""

FASTEST_KMH: float = _VARS["velocidade_improvavel_kmh"]
"""A device that reports more than this is not believed."""
