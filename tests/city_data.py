"""What the city's API and its tables really said: data beside the project, on few machines. Others go without."""

from __future__ import annotations

from pathlib import Path

CITY_DATA = Path(__file__).parents[2] / "shared" / "data"
