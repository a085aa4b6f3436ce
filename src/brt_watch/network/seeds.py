"""The reference files: add new versions of lines in one step, and show the difference beforehand."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from brt_watch.disk import write_durably
from brt_watch.network import COLUMNS, OF_A_LINE, LinePath, Network, metres_between, read_network, read_seed
from brt_watch.network.geometry import Point, apart_m

Tables = dict[str, list[dict[str, str]]]
"""Rows of reference files, by file name."""

SAME_PATH_M = 10.0
"""Two paths never farther apart than this are the same: sources differ by that much on the same street."""

OF_THE_PLAN = ("nome", "servico", "viagem_s", "inicio_s", "fim_s", "headways")
"""The columns that, besides paths and stations, define a version of a line."""


@dataclass(frozen=True)
class Difference:
    """The differences between two networks; `stations_moved` and `paths_changed` in metres."""

    lines_added: list[str]
    lines_removed: list[str]
    lines_changed: list[str]
    stations_added: list[str]
    stations_moved: dict[str, float]
    paths_added: list[str]
    paths_changed: dict[str, float]

    @classmethod
    def between(cls, before: Network, after: Network) -> Difference:
        """Compare two networks."""
        moved = {
            name: round(metres_between(old.latitude, old.longitude, new.latitude, new.longitude), 1)
            for name, new in after.stations.items()
            if (old := before.stations.get(name))
        }
        apart = {
            " ".join(key): round(apart_m(_points(path), _points(before.paths[key])), 1)
            for key, path in after.paths.items()
            if key in before.paths and path != before.paths[key]
        }
        return cls(
            [name for name in after.lines if name not in before.lines],
            [name for name in before.lines if name not in after.lines],
            [name for name, line in after.lines.items() if before.lines.get(name, line) != line],
            [name for name in after.stations if name not in before.stations],
            {name: metres for name, metres in moved.items() if metres},
            [" ".join(key) for key in after.paths if key not in before.paths],
            apart,
        )


@contextmanager
def base_of(folder: Path) -> Iterator[Path]:
    """Yield the folder of the known network: the folder itself, or a folder of empty files if it is new."""
    if (folder / "estacoes.csv").exists():
        yield folder
        return
    with tempfile.TemporaryDirectory() as name:
        _write({table: [] for table in COLUMNS}, Path(name))
        yield Path(name)


def compare(tables: Tables, folder: Path, whole: bool = True) -> Difference:
    """Return what `add` would change; raises NetworkError when the result is not a complete network."""
    return _trial(tables, folder, whole)[1]


def add(tables: Tables, folder: Path, whole: bool = True) -> Difference:
    """Add versions of lines to the files of a folder, all with the same first day.

    A line equal to its version on that day gets no new one. If the tables are the `whole` plan of that day and nothing
    newer is known, lines missing from them end the day before. Nothing is written unless the result is a complete
    network; adding the same tables again changes nothing.
    """
    files, difference = _trial(tables, folder, whole)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = folder / f"{name}.csv"
        if not file.exists() or file.read_bytes() != content:
            write_durably(file, content)
    return difference


def clock_text(seconds: int) -> str:
    """Format seconds of the service day as HH:MM, with seconds if not zero."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def degrees(position: Point) -> dict[str, str]:
    """Return the columns of a position."""
    return {"latitude": f"{position[0]:.6f}", "longitude": f"{position[1]:.6f}"}


def add_path(
    tables: Tables, path: dict[str, str], points: list[Point], metres: list[float], origin: dict[str, str]
) -> None:
    """Add the rows of a path and its points; `metres` are their running distances."""
    tables["trajetos"].append({**path, "comprimento_m": f"{metres[-1]:.1f}", **origin})
    for i, (point, along) in enumerate(zip(points, metres, strict=True), 1):
        row = {"ordem": str(i), **degrees(point), "distancia_m": f"{along:.1f}"}
        tables["linha_trajetos"].append({**path, **row})


def line_order(linha: str) -> tuple[int, str]:
    """Return a key that sorts lines by number, lines without a number last."""
    number = re.match(r"\d+", linha)
    return (int(number[0]) if number else 10**9, linha)


def _trial(tables: Tables, folder: Path, whole: bool) -> tuple[dict[str, bytes], Difference]:
    since = date.fromisoformat(tables["linhas"][0]["valido_desde"])
    with base_of(folder) as base, tempfile.TemporaryDirectory() as name:
        rows: Tables = {table: [dict(row.values) for row in read_seed(base, table)] for table in COLUMNS}
        before = read_network(base, since)
        # Read with the rules of the files, so that both are compared in the same form.
        _write({**tables, "estacoes": _stations(rows["estacoes"], tables["estacoes"], newest=True)}, Path(name))
        new = read_network(Path(name), since)
        files = _write(_merged(rows, tables, before, new, since, whole), Path(name))
        return files, Difference.between(before, read_network(Path(name), since))


def _merged(rows: Tables, tables: Tables, before: Network, new: Network, since: date, whole: bool) -> Tables:
    later = min((row["valido_desde"] for row in rows["linhas"] if row["valido_desde"] > str(since)), default="")
    continued = {row["linha"] for row in rows["linhas"] if row["valido_desde"] > str(since)}
    rows = {**rows, "estacoes": _stations(rows["estacoes"], tables["estacoes"], newest=not later)}
    changed = [linha for linha in new.lines if not _is_same(linha, before, new)]
    for name in OF_A_LINE:
        rows[name] = [row for row in rows[name] if row["linha"] not in changed or row["valido_desde"] != str(since)]
        rows[name] += [dict(row) for row in tables[name] if row["linha"] in changed]
    for row in rows["linhas"]:
        if row["linha"] in changed and row["valido_desde"] == str(since):
            row["valido_ate"] = _day_before(later) if later and row["linha"] not in continued else ""
    if whole and not later:
        gone = before.lines.keys() - new.lines.keys()
        for name in OF_A_LINE:
            rows[name] = [row for row in rows[name] if row["linha"] not in gone or row["valido_desde"] != str(since)]
        for row in rows["linhas"]:
            if row["linha"] in gone and row["valido_desde"] == str(before.lines[row["linha"]].valido_desde):
                row["valido_ate"] = _day_before(str(since))
    for name in OF_A_LINE:
        rows[name] = sorted(rows[name], key=lambda row: (line_order(row["linha"]), row["valido_desde"]))
    return rows


def _is_same(linha: str, before: Network, new: Network) -> bool:
    old, line = before.lines.get(linha), new.lines[linha]
    if old is None or any(getattr(old, name) != getattr(line, name) for name in OF_THE_PLAN):
        return False
    paths = {key for network in (before, new) for key in network.paths if key[0] == linha}
    for key in paths:
        if key not in before.paths or key not in new.paths:
            return False
        one, other = before.paths[key], new.paths[key]
        if [stop.estacao_id for stop in one.stops] != [stop.estacao_id for stop in other.stops]:
            return False
        if apart_m(_points(one), _points(other)) > SAME_PATH_M:
            return False
    return True


def _stations(known: list[dict[str, str]], new: list[dict[str, str]], newest: bool) -> list[dict[str, str]]:
    """Add stations; only the newest network changes known ones, and none is removed: older versions need them."""
    stations = {row["estacao_id"]: row for row in known}
    for row in new:
        if newest or row["estacao_id"] not in stations:
            stations[row["estacao_id"]] = row
    return [stations[name] for name in sorted(stations)]


def _day_before(day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1))


def _points(path: LinePath) -> list[Point]:
    return list(zip(path.latitudes, path.longitudes, strict=True))


def _write(tables: Tables, folder: Path) -> dict[str, bytes]:
    """Write all files of a network, including empty ones; returns their content."""
    files = {}
    for table, columns in COLUMNS.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(tables.get(table, []))
        files[table] = text.getvalue().encode()
        (folder / f"{table}.csv").write_bytes(files[table])
    return files
