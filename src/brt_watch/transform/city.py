"""A city that is not Rio: its reference files and a copy of the dbt project for it, both made from its GTFS.

    city/seeds/       the reference files, by the rules of `brt-watch network import`
    city/dbt/         the models of the package, with those files as seeds, and with the city's time zone and box
    city/city.json    from which GTFS, and from which release of the models
    city/looked-at    when it was last looked for a newer GTFS

Without a folder `city` in the data folder, the models and the reference files of the package hold: those of the BRT.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from brt_watch import disk, lock
from brt_watch.clock import parse_moment, write_moment
from brt_watch.errors import NetworkError
from brt_watch.model import Agency
from brt_watch.network import SEEDS, read_network, seeds
from brt_watch.network.city import Made, made_of
from brt_watch.network.download import download
from brt_watch.network.gtfs import Feed
from brt_watch.network.tables import tables_of
from brt_watch.settings import Settings
from brt_watch.transform.compiled import DBT_PROJECT, Compiled, compiled, project_key

MARGIN_DEGREES = 0.1
"""The box of a city reaches this far beyond its stops and paths."""


LOOKED_AT = "looked-at"
LOOK_AGAIN = timedelta(days=1)

LEARNED_IN_RIO = ("sentido_trocas", "trajeto_ids")
"""Reference files that no GTFS has, and that say nothing of another city."""


def project_of(data: Path) -> Path:
    """Return the dbt project of a data folder: that of its city, else that of the package."""
    project = data / "city" / "dbt"
    return project if project.is_dir() else DBT_PROJECT


def statements_of(data: Path) -> Compiled:
    """Return the models of a data folder as statements: those of a city are kept with its data."""
    project = project_of(data)
    return compiled(data) if project == DBT_PROJECT else compiled(data, project, beside=data / "dbt")


@dataclass(frozen=True)
class Updated:
    """The result of a look for a newer GTFS: whether the city was made again, and why it stays as it was."""

    made: bool
    problem: str = ""


def update_city(settings: Settings) -> Updated:
    """Look for the GTFS of the settings, at its address if it has one, and bring its city up to date.

    A city that exists goes on with what it has when there is a problem; without one NetworkError is raised.
    """
    gtfs, folder = settings.gtfs_file, settings.folder
    if gtfs is None:
        return Updated(made=False)
    with lock.hold(folder / "run" / "city.lock", "A change of the city", patience_seconds=600):
        (folder / "city").mkdir(parents=True, exist_ok=True)
        disk.write_durably(folder / "city" / LOOKED_AT, write_moment(settings.time.now()).encode())
        try:
            kept = download(settings.gtfs_url, gtfs, settings.time) if settings.gtfs_url else ""
            return Updated(make_city(folder, gtfs, settings.feed_name), kept)
        except NetworkError as error:
            if made_of(folder) is None:
                raise
            return Updated(made=False, problem=f"{error} The city goes on by the GTFS that it has.")


def city_is_due(settings: Settings) -> bool:
    """Whether it is a day since it was looked for a newer GTFS of a city that exists."""
    if settings.gtfs_file is None or made_of(settings.folder) is None:
        return False
    text = disk.read(settings.folder / "city" / LOOKED_AT).decode()
    return not text or abs(settings.time.now() - parse_moment(text)) >= LOOK_AGAIN


def make_city(data: Path, gtfs: Path, source: str = "", since: date | None = None) -> bool:
    """Make the city of a GTFS in a data folder, or bring it up to date; returns whether anything was done.

    A newer GTFS adds versions of its lines. `source` is the address of its vehicle positions. Raises NetworkError.
    """
    folder = data / "city"
    try:
        sha256 = disk.sha256(gtfs)
    except OSError as error:
        raise NetworkError(where=str(gtfs), problem=error.strerror or str(error)) from None
    known = made_of(data)
    now = Made(sha256, project_key(DBT_PROJECT), *_agency(gtfs), source)
    if known == now and (folder / "dbt").is_dir():
        return False
    if known is None or known.gtfs_sha256 != sha256:
        with seeds.base_of(folder / "seeds") as base:
            tables = tables_of(gtfs, base, agency=None, since=since)
        seeds.add(tables, folder / "seeds")
    _copy_project(folder, now.timezone)
    disk.write_durably(folder / "city.json", msgspec.json.encode(now))
    return True


def _agency(gtfs: Path) -> tuple[str, Agency]:
    """Return the time zone and the first agency of a GTFS."""
    row = next(Feed(gtfs).rows("agency", "agency_name", "agency_url", "agency_timezone"), None)
    try:
        zone = ZoneInfo(row.text("agency_timezone") if row else "").key
    except (ValueError, ZoneInfoNotFoundError):
        raise NetworkError(where=f"{gtfs}, agency", problem="agency_timezone names no time zone") from None
    assert row is not None
    identity, language = row.optional("agency_id") or "1", row.optional("agency_lang") or "en"
    return zone, Agency(identity, row.text("agency_name"), row.text("agency_url"), language)


def _copy_project(folder: Path, timezone: str) -> None:
    """Copy the package's models beside the reference files; a process that dies here leaves the old copy."""
    fresh = folder / "dbt.part"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(DBT_PROJECT, fresh, ignore=shutil.ignore_patterns("target", "logs", "__pycache__", "seeds"))
    (fresh / "seeds").mkdir()
    for file in SEEDS.iterdir():
        own = folder / "seeds" / file.name
        if file.stem not in LEARNED_IN_RIO:
            shutil.copyfile(own if own.exists() else file, fresh / "seeds" / file.name)
        else:
            # Only the columns are there.
            header = file.read_text(encoding="utf-8").partition("\n")[0]
            (fresh / "seeds" / file.name).write_text(header + "\n", encoding="utf-8")
    project = fresh / "dbt_project.yml"
    project.write_text(_with_vars(project.read_text(encoding="utf-8"), folder / "seeds", timezone), encoding="utf-8")
    shutil.rmtree(folder / "dbt", ignore_errors=True)
    fresh.rename(folder / "dbt")


def _with_vars(text: str, reference: Path, timezone: str) -> str:
    network = read_network(reference)
    points = [(station.latitude, station.longitude) for station in network.stations.values()]
    for path in network.paths.values():
        points += zip(path.latitudes, path.longitudes, strict=True)
    latitudes, longitudes = zip(*points, strict=True)
    own: dict[str, object] = {
        "fuso_horario": timezone,
        "frota_prefixos": [],
        "feriados": [],
        "feriados_da_pascoa": [],
        "linha_e_rota": "true",
        "area_latitude_minima": round(min(latitudes) - MARGIN_DEGREES, 4),
        "area_latitude_maxima": round(max(latitudes) + MARGIN_DEGREES, 4),
        "area_longitude_minima": round(min(longitudes) - MARGIN_DEGREES, 4),
        "area_longitude_maxima": round(max(longitudes) + MARGIN_DEGREES, 4),
        "latitude_de_referencia": round((min(latitudes) + max(latitudes)) / 2, 2),
    }
    for name, value in own.items():
        text, found = re.subn(rf"(?m)^  {name}: .*$", f"  {name}: {value}", text)
        assert found == 1, name
    return text
