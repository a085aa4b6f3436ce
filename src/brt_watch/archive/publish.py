"""Publish finished days of the lake as files for any static host: Parquet and CSV, a manifest, an index page.

    FOLDER/dias/2026-11-23/sinais.parquet, sinais.csv.gz
    FOLDER/dias/2026-11-23/tides/trips_performed.csv.gz, ...    what the models found in them, where they have run
    FOLDER/manifest.json      each day: files with size and SHA-256, rows, coverage, versions, when it was made
    FOLDER/datapackage.json   the same for tools that read data packages (frictionless)
    FOLDER/CITATION.cff, index.html

Without changes a second run writes nothing. A day with changed signals or trips, or after a change of the code, is
written again, and its entry names the reason. The manifest lists a day when its files are complete, and is written
after each day: a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from brt_watch import disk
from brt_watch.archive.code_version import exact_version
from brt_watch.archive.export import Form, export_days
from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_files import work_folder
from brt_watch.clock import MINUTE, write_moment
from brt_watch.errors import MixedPlace
from brt_watch.network.city import City
from brt_watch.store.connection import statement
from brt_watch.store.duck import quoted

FORM = 3
"""The version of the published files' format; a change rewrites all days."""

LICENCE = "CC-BY-4.0"

TITLE = "Sinais de GPS / GPS signals"

TYPES = {
    **dict.fromkeys(("latitude", "longitude", "velocidade", "hodometro"), "number"),
    **dict.fromkeys(("direcao", "ignicao", "capacidade_pe_veiculo", "capacidade_sentado_veiculo"), "integer"),
    **dict.fromkeys(("datahora", "captured_at"), "datetime"),
}
"""Types of the columns in the data package that are not text."""


class FurtherTables(Protocol):
    """Tables of a day beside its signals."""

    @property
    def folder(self) -> str:
        """The name of their folder."""

    def state(self, day: str) -> str:
        """Return what changes with the tables of a day; "" while there are none, or some of other signals."""

    def write(self, day: str, folder: Path) -> dict[str, dict[str, str]]:
        """Write each as a packed CSV; returns the properties of each file in the data package, by its name."""


@dataclass(frozen=True)
class Publisher:
    """Writes the finished days of a lake into a folder."""

    lake: Lake
    folder: Path
    network_sha256: str
    city: City
    simulated: bool
    further: FurtherTables | None = None

    def publish(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Write new and changed days; yields each day and the reason for writing it ("" if it was not written).

        Raises MixedPlace where the other kind of signals, simulated or real, is published.
        """
        today = self.lake.turn.day(now).isoformat()
        published = self._manifest()
        if published.get("simulated", self.simulated) != self.simulated:
            raise MixedPlace(self.folder, self.lake.folder, not self.simulated)
        before = {entry["day"]: entry for entry in published.get("days", [])}
        entries = dict(before)
        # A timestamp from the future does not make a day finished.
        finished = [day for day in self.lake.days() if day < today]
        for day in finished:
            old = before.get(day)
            source = disk.sha256(self.lake.day_file(day))
            state = self.further.state(day) if self.further else ""
            if reason := self._reason(old, source, state):
                entries[day] = self._make(day, source, state, now) | _history(old, reason)
                self._write_manifest(sorted(entries.values(), key=lambda entry: str(entry["day"])))
            yield day, reason
        days = [entries[day] for day in finished]
        self._write("datapackage.json", json.dumps(self._data_package(days), indent=1, ensure_ascii=False))
        self._write("CITATION.cff", self._citation())
        self._write("index.html", self._index(days))
        self._write_manifest(days)

    def _reason(self, old: dict[str, Any] | None, source: str, state: str) -> str:
        if old is None:
            return "new"
        paths = {self.folder / file["path"]: file["bytes"] for file in old["files"]}
        if not all(path.exists() for path in paths):
            return "a file is missing"
        if any(path.stat().st_size != size for path, size in paths.items()):
            return "a file has another size"
        if old["lake_sha256"] != source:
            return "its signals changed"
        if (old["code_version"], old["form"]) != (exact_version(), FORM):
            return f"made by version {old['code_version']} before"
        if old["network_sha256"] != self.network_sha256:
            return "the network changed"
        return "its trips changed" if state and old["models_sha256"] != state else ""

    def _make(self, day: str, source: str, state: str, now: datetime) -> dict[str, Any]:
        folder = self.folder / "dias" / day
        folder.mkdir(parents=True, exist_ok=True)
        ((_, rows),) = enumerate(export_days(self.lake, [day], "", Form.PARQUET, folder / "sinais.parquet"))
        packed = folder / "sinais.csv.gz"
        with work_folder(self.lake.folder) as work:
            list(export_days(self.lake, [day], "", Form.CSV, work / "sinais.csv"))
            with (work / "sinais.csv").open("rb") as file, disk.writing_gzip(packed) as writer:
                shutil.copyfileobj(file, writer)
        files: dict[Path, dict[str, str]] = {folder / "sinais.parquet": {}, packed: {}}
        if self.further:
            beside = folder / self.further.folder
            if state:
                beside.mkdir(exist_ok=True)
                files |= {beside / name: of_file for name, of_file in self.further.write(day, beside).items()}
            else:
                shutil.rmtree(beside, ignore_errors=True)
        begin, end = self.lake.turn.span(day)
        with self.lake.session() as session:
            span = {"begin": quoted(begin.isoformat()), "end": quoted(end.isoformat())}
            ((captured,),) = session.execute(statement("lake/coverage").format(**span)).fetchall()
        return {
            "day": day,
            "rows": rows,
            "captured_minutes": captured,
            "coverage": round(captured / ((end - begin) / MINUTE), 4),
            "files": [
                {
                    **{"path": str(path.relative_to(self.folder)), "bytes": path.stat().st_size},
                    **{"sha256": disk.sha256(path), **of_file},
                }
                for path, of_file in files.items()
            ],
            "code_version": exact_version(),
            "form": FORM,
            "network_sha256": self.network_sha256,
            "lake_sha256": source,
            "models_sha256": state,
            "made_at": write_moment(now),
        }

    def _write_manifest(self, days: list[dict[str, Any]]) -> None:
        manifest = {"form": FORM, "simulated": self.simulated, "timezone": self.city.zone.key, "days": days}
        self._write("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))

    def _manifest(self) -> dict[str, Any]:
        content = disk.read(self.folder / "manifest.json")
        found = json.loads(content) if content else {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, text: str) -> None:
        path, content = self.folder / name, text.encode()
        if disk.read(path) != content:
            self.folder.mkdir(parents=True, exist_ok=True)
            disk.write_durably(path, content)

    def _data_package(self, days: list[dict[str, Any]]) -> dict[str, Any]:
        with self.lake.session() as session:
            query = statement("lake/export").format(day="'1970-01-01'", where="false")
            names = [column[0] for column in session.execute(query).description or ()]
        fields = [{"name": name, "type": TYPES.get(name, "string")} for name in names]
        resources = [_resource(entry["day"], file, fields) for entry in days for file in entry["files"]]
        simulated = " (DADOS SIMULADOS / SIMULATED DATA)" if self.simulated else ""
        return {
            "name": f"{self.city.slug}-sinais",
            "title": f"{TITLE}: {self.city.name}{simulated}",
            "description": "One row is a signal that a vehicle sent, as the feed gave it first.",
            "licenses": [{"name": LICENCE, "path": "https://creativecommons.org/licenses/by/4.0/"}],
            "sources": [{"title": self.city.source, "path": self.city.address}],
            "resources": resources,
        }

    def _citation(self) -> str:
        simulated = " (simulated data)" if self.simulated else ""
        return (
            "cff-version: 1.2.0\n"
            "message: Please cite these data as below.\n"
            "type: dataset\n"
            f"title: {json.dumps(f'GPS signals of {self.city.name}{simulated}', ensure_ascii=False)}\n"
            "authors:\n  - name: brt-watch\n"
            f"version: {exact_version()}\n"
            f"license: {LICENCE}\n"
        )

    def _index(self, days: list[dict[str, Any]]) -> str:
        rows = "".join(
            f"<tr><td>{entry['day']}</td><td>{entry['rows']:,}</td><td>{entry['coverage']:.1%}</td><td>"
            + " ".join(
                f'<a href="{html.escape(file["path"])}">{Path(file["path"]).name}</a> ({_size(file["bytes"])})'
                for file in entry["files"]
            )
            + f"</td><td>{_made(entry)}</td></tr>\n"
            for entry in reversed(days)
        )
        warning = '<p><strong>DADOS SIMULADOS / <span lang="en">SIMULATED DATA</span></strong></p>'
        files = ", ".join(
            f'<a href="{name}">{name}</a>' for name in ("manifest.json", "datapackage.json", "CITATION.cff")
        )
        name = html.escape(self.city.name)
        return f"""<!doctype html>
<html lang="pt-BR"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{TITLE}: {name}</title>
<style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}
td,th{{padding:.2rem 1rem .2rem 0;text-align:left;vertical-align:top}}
div{{overflow-x:auto}}td:first-child{{white-space:nowrap}}
</style></head><body>{warning if self.simulated else ""}
<h1>Sinais de GPS / <span lang="en">GPS signals</span>: {name}</h1>
<p>Cada linha de "sinais" é um sinal enviado por um veículo. O dia vai das 3h às 3h. Cobertura: minutos capturados.
Viagens e passagens pelas estações, calculadas a partir dos sinais, seguem o padrão TIDES. Para programas: {files}.</p>
<p lang="en">Each row of "sinais" is a signal that a vehicle sent. A day runs from 3:00 to 3:00. Coverage is the share
of minutes captured. Trips and stop visits, derived from the signals, are tables of TIDES. For programs: {files}.</p>
<div tabindex="0"><table><tr><th>Dia / <span lang="en">day</span></th><th>Sinais / <span lang="en">signals</span></th>
<th>Cobertura / <span lang="en">coverage</span></th><th>Arquivos / <span lang="en">files</span></th>
<th>Gerado / <span lang="en">made</span></th></tr>
{rows}</table></div><p>{LICENCE}</p></body></html>
"""


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _made(entry: dict[str, Any]) -> str:
    """Say when a day was made, and that it was made again."""
    again = '; de novo / <span lang="en">again</span>' if entry["made_again_because"] else ""
    return f"{entry['made_at'][:10]}{again}"


def _history(old: dict[str, Any] | None, reason: str) -> dict[str, Any]:
    previous = {"made_at": old["made_at"], "code_version": old["code_version"]} if old else None
    return {"made_again_because": reason if old else None, "previous": previous}


def _resource(day: str, file: dict[str, Any], fields: list[dict[str, str]]) -> dict[str, Any]:
    """Describe a file for the data package. Few readers of data packages open Parquet, so it is a plain file there."""
    known = ("path", "bytes", "sha256")
    common = {"path": file["path"], "bytes": file["bytes"], "hash": f"sha256:{file['sha256']}"}
    if file["path"].endswith(".parquet"):
        kind = {"type": "file", "format": "parquet", "mediatype": "application/vnd.apache.parquet"}
        return {"name": f"sinais-{day}-parquet", **common, **kind}
    csv = {"format": "csv", "compression": "gz", "mediatype": "text/csv", "encoding": "utf-8"}
    if of_file := {name: value for name, value in file.items() if name not in known}:
        *_, kind_of_table, name = file["path"].split("/")
        return {"name": f"{kind_of_table}-{day}-{name.partition('.')[0]}", **common, **csv, **of_file}
    return {
        "name": f"sinais-{day}",
        **common,
        **csv,
        "schema": {"fields": fields, "primaryKey": ["datahora", "codigo"]},
    }
