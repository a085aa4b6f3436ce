"""Rows trained from history, as files: they give the live models the usual times without the database.

    marts (meta: {trained: true}) ──train──▶ data/forecasts/VERSION/*.csv ──▶ live engine

A training holds the newest rows of each such model (those of its greatest `dia`). It is named by the checksum of its
files: the same history gives the same name. `current` names the one in use and is replaced at once.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brt_watch import disk
from brt_watch.transform.compiled import Model

if TYPE_CHECKING:
    from typing_extensions import LiteralString

FORECASTS = "forecasts"
"""The folder of the trainings in the data folder."""

KEPT = 3
"""Trainings that stay on disk, for a reader that has just looked up the name of one."""

QUERIES: dict[str, LiteralString] = {
    "tempos_trecho": "select * from tempos_trecho where dia = (select max(dia) from tempos_trecho) "
    "order by tipo_dia, linha, sentido, hora_operacao, ordem",
    "previsao_margem": "select * from previsao_margem where dia = (select max(dia) from previsao_margem) "
    "order by tipo, base, horizonte_min, linha, sentido, parte_dia",
}
"""The content of a training, by model."""


@dataclass(frozen=True)
class TrainedFiles:
    """The folder of the trainings."""

    folder: Path

    def version(self) -> str | None:
        """Return the name of the training in use, None before the first."""
        try:
            return (self.folder / "current").read_text(encoding="utf-8").strip() or None
        except OSError:
            return None

    def write(self, read_csv: Callable[[LiteralString], bytes]) -> str:
        """Write a training from the results of `read_csv`, and use it; returns its name."""
        files = {name: read_csv(query) for name, query in QUERIES.items()}
        version = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:16]
        if version == self.version():
            return version
        place = self.folder / version
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            disk.write_durably(place / f"{name}.csv", content)
        disk.write_durably(self.folder / "current", version.encode())
        old = sorted((each for each in self.folder.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
        for each in [each for each in old if each != place][: 1 - KEPT]:
            shutil.rmtree(each, ignore_errors=True)
        return version

    def select(self, model: Model) -> str:
        """Return a query of the rows of a model in the training in use; ValueError when it has other columns."""
        file = self.folder / str(self.version()) / f"{model.name}.csv"
        with file.open(encoding="utf-8") as lines:
            if (found := lines.readline().strip()) != ",".join(model.trained):
                raise ValueError(f"{file} has the columns {found}")
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in model.trained.items())
        path = str(file).replace("'", "''")
        return f"select * from read_csv('{path}', header = true, auto_detect = false, columns = {{{columns}}})"
