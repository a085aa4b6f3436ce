"""The size of the Earth, taken as a sphere; dbt has it as the variable metros_por_grau."""

from __future__ import annotations

import math

RADIUS_M = 6_371_008.8
"""The mean radius."""

METRES_OF_A_DEGREE = RADIUS_M * math.radians(1)
"""Metres per degree of latitude."""
