"""The TIDES tables of published days, from the models on the lake."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from brt_watch import disk
from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_marts import DAY, Days
from brt_watch.archive.lake_models import LakeModels
from brt_watch.marts.rows import from_lake
from brt_watch.network.city import City
from brt_watch.reports.tides import TABLES, TableOfDay, described, write_table

MODELS = ("gps_brt", "viagens", "passagens")
"""The tables that the models `tides_*` read."""


@dataclass(frozen=True)
class PublishedTides:
    """The tables of each day whose models have been derived from all its signals."""

    lake: Lake
    city: City
    folder: str = "tides"

    def state(self, day: str) -> str:
        """Return a checksum of the models of a day; "" while they lack some of its signals."""
        models = LakeModels(self.lake)
        files = [models.marts.folder / name / f"{DAY}={day}" / f"{name}.parquet" for name in MODELS]
        if not files[0].exists() or self.lake.newest_load_of(day) > models.newest_transform():
            return ""
        sums = [disk.sha256(file) for file in files if file.exists()]
        return hashlib.sha256(" ".join(sums).encode()).hexdigest()

    def write(self, day: str, folder: Path) -> dict[str, dict[str, str]]:
        """Write each table as a packed CSV; returns what the data package says of each file."""
        read = partial(from_lake, self.lake, days=Days(day, day))
        for table in TABLES:
            with disk.writing_gzip(folder / f"{table}.csv.gz") as file:
                write_table(read, TableOfDay(table, date.fromisoformat(day), self.city.zone), file)
        return {f"{table}.csv.gz": described(table) for table in TABLES}
