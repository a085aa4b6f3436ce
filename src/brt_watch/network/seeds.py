"""The reference files are replaced together, and what that changes is said before."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from brt_watch.disk import write_durably
from brt_watch.network import COLUMNS, SEEDS, Network, metres_between, read_network

Tables = dict[str, list[list[str]]]
"""The lines of reference files, by the name of the file."""


@dataclass(frozen=True)
class Difference:
    """What one network has and another has not; metres by which what both have moved or grew."""

    lines_added: list[str]
    lines_removed: list[str]
    stations_added: list[str]
    stations_removed: list[str]
    stations_moved: dict[str, float]
    paths_changed: dict[str, float]

    @classmethod
    def between(cls, before: Network, after: Network) -> Difference:
        """Compare two networks."""
        moved = {
            name: round(metres_between(old.latitude, old.longitude, new.latitude, new.longitude), 1)
            for name, new in after.stations.items()
            if (old := before.stations.get(name))
        }
        grown = {
            " ".join(key): round(path.length_m - way.length_m, 1)
            for key, path in after.paths.items()
            if (way := before.paths.get(key)) and (way.latitudes, way.longitudes) != (path.latitudes, path.longitudes)
        }
        return cls(
            [name for name in after.lines if name not in before.lines],
            [name for name in before.lines if name not in after.lines],
            [name for name in after.stations if name not in before.stations],
            [name for name in before.stations if name not in after.stations],
            {name: metres for name, metres in moved.items() if metres},
            grown,
        )


def base_of(folder: Path) -> Path:
    """Return where what is known is: in the folder, or for a new one in the project's own."""
    return folder if (folder / "estacoes.csv").exists() else SEEDS


def compare(tables: Tables, folder: Path) -> Difference:
    """Say what the tables would change in a folder; raises NetworkError when they are not a whole network."""
    base = base_of(folder)
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name)
        for table in COLUMNS:
            if table in tables:
                (trial / f"{table}.csv").write_bytes(_csv(table, tables[table]))
            else:
                shutil.copyfile(base / f"{table}.csv", trial / f"{table}.csv")
        return Difference.between(read_network(base), read_network(trial))


def replace(tables: Tables, folder: Path) -> Difference:
    """Write the tables into a folder, once they are known to be a whole network with what is there already."""
    difference = compare(tables, folder)
    base = base_of(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for table in COLUMNS:
        if table in tables:
            write_durably(folder / f"{table}.csv", _csv(table, tables[table]))
        elif base != folder:
            write_durably(folder / f"{table}.csv", (base / f"{table}.csv").read_bytes())
    return difference


def clock_text(seconds: int) -> str:
    """Write seconds of the service day as HH:MM, and with seconds when there are some."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def _csv(table: str, rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS[table], *rows])
    return text.getvalue().encode()
